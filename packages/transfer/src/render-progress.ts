/* Progress for a terminal. */
import {
  formatDuration,
  checkOptionNames,
  type OptionNames,
  checkObject,
  checkString,
  given,
  InvalidArgumentError,
} from "@sremote/protocol";
import type { TransferProgress } from "./progress.ts";

export interface ProgressBarOptions {
  /** Where it is shown. @default `process.stderr` */
  writeTo?: { write(text: string): unknown; isTTY?: boolean; columns?: number } | undefined;
  /** Stands before it, such as a host's name. @default none */
  label?: string | undefined;
}

const optionNames: OptionNames<ProgressBarOptions> = { writeTo: true, label: true };

const units = ["B", "kB", "MB", "GB", "TB"];

/**
 * `1.5 MB`: decimal units, three digits at most before they change.
 *
 * @example
 * ```ts
 * import { formatBytes } from "sremote/transfer";
 *
 * console.log(formatBytes(5_000_000)); // 4.77 MiB
 * ```
 */
export function formatBytes(bytes: number): string {
  if (typeof bytes !== "number") throw new InvalidArgumentError("bytes", `a number of bytes${given(bytes)}`);
  let unit = 0;
  let value = bytes;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/**
 * One line on how far a transfer is, of at most so many columns.
 *
 * @example
 * ```ts
 * import { ssh } from "sremote";
 * import { formatProgress, push } from "sremote/transfer";
 *
 * const onProgress = (progress: Parameters<typeof formatProgress>[0]) => console.log(formatProgress(progress));
 * await push(ssh("me@gpu.example.org"), "data", "data", { onProgress });
 * ```
 */
export function formatProgress(progress: TransferProgress, columns = 80): string {
  checkObject(progress, "progress");
  const { files, filesTotal, bytes, bytesTotal, rate, eta, path } = progress;
  checkString(path, "progress.path");
  if (typeof columns !== "number") throw new InvalidArgumentError("columns", `a number${given(columns)}`);
  const share = bytesTotal === 0 ? 100 : Math.floor((bytes / bytesTotal) * 100);
  const time = eta === null ? "" : `  ${formatDuration(eta)}`;
  const figures = `${String(share).padStart(3)} %  ${formatBytes(bytes)} of ${formatBytes(bytesTotal)}  ${files}/${filesTotal} files  ${formatBytes(rate)}/s${time}`;
  const room = columns - figures.length - 2;
  // A name may hold anything, also what moves a terminal's cursor.
  // oxlint-disable-next-line no-control-regex
  const shown = path.toWellFormed().replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
  return room < 8 || shown === "" ? figures.slice(0, columns) : `${figures}  ${shown.length > room ? `…${shown.slice(1 - room)}` : shown}`;
}

/**
 * Shows progress on one line that is written over, or nothing where the stream is no terminal.
 * @returns what to give as `onProgress`; call `end` when the transfer has settled
 *
 * @example
 * ```ts
 * import { ssh } from "sremote";
 * import { progressBar, push } from "sremote/transfer";
 *
 * await push(ssh("me@gpu.example.org"), "data", "data", { onProgress: progressBar({ label: "gpu" }) });
 * ```
 */
export function progressBar(options: ProgressBarOptions = {}): ((progress: TransferProgress) => void) & { end(): void } {
  checkOptionNames(options, optionNames);
  const { writeTo: stream = process.stderr, label } = options;
  let shown = false;
  const show = (progress: TransferProgress): void => {
    if (stream.isTTY !== true) return;
    const front = label === undefined ? "" : `${label}: `;
    shown = true;
    stream.write(`\r${front}${formatProgress(progress, (stream.columns ?? 80) - front.length - 1)}\u001b[K`);
  };
  const end = (): void => {
    if (shown) stream.write("\n");
    shown = false;
  };
  return Object.assign(show, { end });
}
