/* What sremote/transfer exports: 7 values, 10 types. `npm run api` writes this. */

/* Values */

declare function formatBytes(bytes: number): string;
declare function formatChanges(changes: readonly Change[]): string;
declare function formatProgress(progress: TransferProgress, columns?: number): string;
declare function progressBar(options?: ProgressBarOptions): ((progress: TransferProgress) => void) & {
  end(): void;
};
declare function pull(
  connector: Connector,
  sources: string | readonly string[],
  destination: string,
  options?: CopyOptions,
): Promise<TransferResult>;
declare function push(
  connector: Connector,
  sources: string | readonly string[],
  destination: string,
  options?: CopyOptions,
): Promise<TransferResult>;
declare function sync(connector: Connector, local: string, remote: string, options: SyncOptions): Promise<TransferResult>;

/* Types */

interface Change {
  readonly kind: "create" | "update" | "delete" | "mode" | "time";
  readonly path: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly diff?: string;
}
interface CopyOptions extends OperationOptions {
  check?: TransferCheck | undefined;
  modes?: boolean | undefined;
  specialModes?: boolean | undefined;
  times?: boolean | undefined;
  growing?: "fail" | "prefix" | undefined;
  links?: "keep" | "follow" | undefined;
  delete?: boolean | undefined;
  dryRun?: boolean | undefined;
  createDirectories?: boolean | undefined;
  resume?: boolean | undefined;
  filter?: ((path: string, type: EntryType) => boolean) | undefined;
  onProgress?: ((progress: TransferProgress) => void) | undefined;
  entryLimit?: number | undefined;
}
type EntryType = "file" | "directory" | "link" | "other";
interface PathFailure {
  readonly path: string;
  readonly errno: string;
  readonly message: string;
}
interface ProgressBarOptions {
  writeTo?:
    | {
        write(text: string): unknown;
        isTTY?: boolean;
        columns?: number;
      }
    | undefined;
  label?: string | undefined;
}
interface SyncOptions extends CopyOptions {
  direction: "push" | "pull";
}
type TransferCheck = "size+time" | "hash" | "always" | "delta";
interface TransferFailure extends PathFailure {}
interface TransferProgress {
  readonly files: number;
  readonly filesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly rate: number;
  readonly eta: number | null;
  readonly path: string;
}
interface TransferResult {
  ok: boolean;
  files: number;
  bytes: number;
  transferred: number;
  unchanged: number;
  skipped: number;
  deleted: number;
  duration: number;
  failures: TransferFailure[];
  changes: Change[];
}
