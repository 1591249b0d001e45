/* The options of a map, checked before anything is sent. */
import { given, InvalidArgumentError, unknownOption } from "@sremote/protocol";
import { checkCall } from "../call/check-options.ts";
import { isPlainObject } from "../call/check-values.ts";
import type { CallOptions } from "../call/options.ts";

/** Items of a map: a list, or anything that can be iterated, also endlessly or as it comes. */
export type MapItems = Iterable<unknown> | AsyncIterable<unknown>;

type Shared = "runtime" | "kwargs" | "loginEnv" | "env" | "cwd" | "outputLimit" | "stdout" | "stderr" | "naiveTimeZone";

export interface MapOptions extends Pick<CallOptions, Shared> {
  /** Whether each item is a list of all positional arguments, and not the only one: Python's `starmap`. @default false */
  spread?: boolean | undefined;
  /**
   * Whether an item that fails gives a `MapResult` that says so, as each other item gives one. Otherwise the first failure ends the map.
   *
   * @default false
   */
  settled?: boolean | undefined;
  /**
   * Items that are sent in one message. A fixed number is of use where items differ much in how long they take.
   *
   * @default as many as take 100 ms (over files 30 s) and 1 MiB (8 MiB), by those before; one at first
   */
  chunkSize?: number | undefined;
  /**
   * Messages under way at once; as many more may be done and not be read yet, then no further item is taken.
   *
   * @default twice the client's `workers`; over files 4
   */
  concurrency?: number | undefined;
  /**
   * Whether items that may have run, and whose results are lost with their process or host, are run again, three times at most. For functions that may run
   * twice: an item then runs at least once, and not at most.
   *
   * @default false
   */
  repeat?: boolean | undefined;
  /** Deadline in milliseconds for the whole; then the map rejects with the code `timeout`, and what runs is ended on the host. @default none */
  timeout?: number | undefined;
  /** Aborting ends what runs on the host; the map rejects with the code `cancelled` within 100 ms. @default none */
  signal?: AbortSignal | undefined;
}

/** Options with which each item gives a {@link MapResult}. */
export type SettledMap = MapOptions & { settled: true };

const callOptions = [
  "runtime",
  "kwargs",
  "loginEnv",
  "env",
  "cwd",
  "outputLimit",
  "stdout",
  "stderr",
  "naiveTimeZone",
  "timeout",
  "signal",
] as const;
const ownOptions = ["spread", "settled", "repeat", "chunkSize", "concurrency"] as const;
type Unnamed = Exclude<keyof MapOptions, (typeof callOptions)[number] | (typeof ownOptions)[number]>;
const known: readonly string[] = [...callOptions, ...ownOptions] satisfies Unnamed extends never ? readonly string[] : never;

/** @throws InvalidArgumentError for the first that is not as it must be */
export function checkMap(module: unknown, fn: unknown, items: unknown, options: unknown): void {
  if (!isPlainObject(options)) throw new InvalidArgumentError("options", `an object${given(options)}`);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw unknownOption("options", name, known);
  }
  checkCall(module, fn, [], Object.fromEntries(callOptions.map((name) => [name, options[name]])));
  if (typeof items === "string" || (!isIterable(items) && !isAsyncIterable(items))) {
    throw new InvalidArgumentError("items", `an array or another iterable of items${given(items, { secret: true })}`);
  }
  checkBoolean("options.spread", options["spread"]);
  checkBoolean("options.settled", options["settled"]);
  checkBoolean("options.repeat", options["repeat"]);
  checkNumber("options.chunkSize", options["chunkSize"]);
  checkNumber("options.concurrency", options["concurrency"]);
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw new InvalidArgumentError(name, `true or false${given(value)}`);
}

function checkNumber(name: string, value: unknown): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) > 0)) return;
  throw new InvalidArgumentError(name, `a whole number, 1 or more${given(value)}`);
}
