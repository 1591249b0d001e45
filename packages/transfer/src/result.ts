/* What came of a transfer. */
import type { PathFailure } from "./entry.ts";
import type { Change } from "./changes.ts";

export interface TransferFailure extends PathFailure {}

export interface TransferResult {
  /** True when nothing failed. */
  ok: boolean;
  /** Files and symbolic links that were made or replaced. */
  files: number;
  /** Bytes they hold. */
  bytes: number;
  /** Bytes of content that were sent for it: fewer where a transfer was resumed or only differences travelled. */
  transferred: number;
  /** Files and symbolic links that were equal already. */
  unchanged: number;
  /** Devices, sockets and pipes, which are not copied. */
  skipped: number;
  /** Files, links and directories that were removed. */
  deleted: number;
  /** Milliseconds. */
  duration: number;
  /** What could not be copied; the rest was. */
  failures: TransferFailure[];
  /** What was changed, or with `dryRun` would be. */
  changes: Change[];
}
