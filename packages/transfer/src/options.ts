/* What callers may ask for, and the checks of it. */
import { InvalidArgumentError, checkOptionNames, type OptionNames, given } from "@sremote/protocol";
import { checkDeadline, toBytes } from "@sremote/connectors";
import type { OperationOptions } from "@sremote/connectors";
import type { EntryType } from "./entry.ts";
import type { TransferProgress } from "./progress.ts";

/**
 * When a file counts as equal.
 * - `size+time`: same size and time of modification, as for rsync; where only the time differs, the content decides.
 * - `hash`: same SHA-256, whatever the times say.
 * - `always`: never, every file is sent.
 * - `delta`: as `size+time`, and of large files that differ only the differing parts are sent, by rsync where both sides have it.
 */
export type TransferCheck = "size+time" | "hash" | "always" | "delta";

export interface CopyOptions extends OperationOptions {
  /** When a file counts as equal, and is not copied: see {@link TransferCheck}. @default `size+time` */
  check?: TransferCheck | undefined;
  /** Keeps permission bits. @default true; otherwise new files and directories get those that the receiving side gives by default */
  modes?: boolean | undefined;
  /**
   * Keeps set-user-ID, set-group-ID and sticky bits, too. A file of a host with the first would run as the user that pulls it, root included.
   * @default true for a push, false for a pull
   */
  specialModes?: boolean | undefined;
  /** Keeps times of modification, to the microsecond. @default true */
  times?: boolean | undefined;
  /**
   * What becomes of a file that grows while it is read, as a log does. `fail`: it is not copied (`transfer-failed`). `prefix`: what it held when it was listed is.
   * @default "fail"
   */
  growing?: "fail" | "prefix" | undefined;
  /**
   * What becomes of symbolic links in a tree. `keep`: they are copied as links. `follow`: what they lead to is copied in their place, also from outside of the tree;
   * one that leads nowhere, or to a directory that it lies in, is a failure of its own. A source itself may always be a link to what is meant.
   * @default "keep"
   */
  links?: "keep" | "follow" | undefined;
  /** Removes from the destination what the source does not have, and lets a file take the place of a directory. @default false */
  delete?: boolean | undefined;
  /** Changes nothing and tells what would be. @default false */
  dryRun?: boolean | undefined;
  /** Makes the directories above the destination. @default true */
  createDirectories?: boolean | undefined;
  /** Goes on from unfinished files of an earlier transfer that was broken off. @default true */
  resume?: boolean | undefined;
  /**
   * Which files and directories take part, by their path relative to the destination; a directory that does not leaves out all below it.
   * What is left out is neither copied nor deleted.
   *
   * @default all
   */
  filter?: ((path: string, type: EntryType) => boolean) | undefined;
  /** Told of the progress, at most every 100 ms and once at the end. @default none */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Entries (files, directories and links) in one tree; more are refused (`limit-exceeded`). @default 1,000,000 */
  entryLimit?: number | undefined;
}

export interface CheckedOptions {
  readonly check: TransferCheck;
  readonly modes: boolean;
  /** Undefined: as the direction has it. */
  readonly specialModes: boolean | undefined;
  readonly times: boolean;
  readonly growing: boolean;
  readonly follow: boolean;
  readonly delete: boolean;
  readonly dryRun: boolean;
  readonly createDirectories: boolean;
  readonly resume: boolean;
  readonly filter: ((path: string, type: EntryType) => boolean) | undefined;
  readonly onProgress: ((progress: TransferProgress) => void) | undefined;
  readonly entryLimit: number;
}

const checks: readonly string[] = ["size+time", "hash", "always", "delta"];
const names: OptionNames<CopyOptions & { direction: unknown }> = {
  check: true,
  modes: true,
  specialModes: true,
  times: true,
  growing: true,
  links: true,
  delete: true,
  dryRun: true,
  createDirectories: true,
  resume: true,
  filter: true,
  onProgress: true,
  entryLimit: true,
  signal: true,
  timeout: true,
  direction: true,
};

export function checkOptions(options: CopyOptions): CheckedOptions {
  checkDeadline(options);
  checkOptionNames<CopyOptions & { direction?: unknown }>(options, names);
  const { check = "size+time", growing = "fail", links = "keep", filter, onProgress, entryLimit = 1_000_000 } = options;
  if (growing !== "fail" && growing !== "prefix") throw new InvalidArgumentError("options.growing", `"fail" or "prefix"${given(growing)}`);
  if (links !== "keep" && links !== "follow") throw new InvalidArgumentError("options.links", `"keep" or "follow"${given(links)}`);
  if (!checks.includes(check))
    throw new InvalidArgumentError("options.check", `one of ${checks.map((one) => JSON.stringify(one)).join(", ")}${given(check)}`);
  if (!(Number.isInteger(entryLimit) && entryLimit > 0))
    throw new InvalidArgumentError("options.entryLimit", `a whole number, 1 or more${given(entryLimit)}`);
  return {
    check,
    modes: flag(options, "modes", true),
    specialModes: options.specialModes === undefined ? undefined : flag(options, "specialModes", false),
    times: flag(options, "times", true),
    growing: growing === "prefix",
    follow: links === "follow",
    delete: flag(options, "delete", false),
    dryRun: flag(options, "dryRun", false),
    createDirectories: flag(options, "createDirectories", true),
    resume: flag(options, "resume", true),
    filter: functionOrNone(filter, "filter"),
    onProgress: functionOrNone(onProgress, "onProgress"),
    entryLimit,
  };
}

function flag(
  options: CopyOptions,
  name: "modes" | "specialModes" | "times" | "delete" | "dryRun" | "createDirectories" | "resume",
  otherwise: boolean,
): boolean {
  const value = options[name];
  if (value !== undefined && typeof value !== "boolean") throw new InvalidArgumentError(`options.${name}`, `true or false${given(value)}`);
  return value ?? otherwise;
}

function functionOrNone<T>(value: T, name: string): T {
  if (value !== undefined && typeof value !== "function") throw new InvalidArgumentError(`options.${name}`, `a function${given(value)}`);
  return value;
}

/** A path as it was given, without what is after its last name. */
export function checkPath(path: unknown, argument: string): string {
  if (typeof path !== "string" || path === "" || path.includes("\0"))
    throw new InvalidArgumentError(argument, `a non-empty path without NUL${given(path)}`);
  toBytes(path, argument);
  return path;
}
