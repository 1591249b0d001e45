/* Files and trees of them, to one host and from it. */
export { type Change, formatChanges } from "./changes.ts";
export type { EntryType, PathFailure } from "./entry.ts";
export { asLocalName, localPath } from "./local-names.ts";
export { checkOptions, type CopyOptions, type TransferCheck } from "./options.ts";
export type { TransferProgress } from "./progress.ts";
export { pull } from "./pull.ts";
export { push } from "./push.ts";
export { formatBytes, formatProgress, progressBar, type ProgressBarOptions } from "./render-progress.ts";
export type { TransferFailure, TransferResult } from "./result.ts";
export { sync, type SyncOptions } from "./sync.ts";
export { makeTemporaryDirectory, removeTemporaryDirectory } from "./temporary-directory.ts";
