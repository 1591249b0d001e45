/* Files and trees of them to one host and from it. */
export { formatBytes, formatChanges, formatProgress, progressBar, pull, push, sync } from "@sremote/transfer";
export type {
  Change,
  CopyOptions,
  EntryType,
  PathFailure,
  ProgressBarOptions,
  SyncOptions,
  TransferCheck,
  TransferFailure,
  TransferProgress,
  TransferResult,
} from "@sremote/transfer";
