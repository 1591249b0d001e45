/* What may be said about a fleet, and about a run on it. */
import type { CallOptions, RemoteClientOptions } from "@sremote/client";
import { checkOptionNames, InvalidArgumentError, type OptionNames, given } from "@sremote/protocol";
import type { Writable } from "node:stream";
import type { FleetConfiguration } from "../configuration/index.ts";
import type { Host, HostSetOptions } from "../host/index.ts";
import type { Logger } from "../log/index.ts";
import type { ProcessOptions } from "@sremote/process";
import type { RenderOptions } from "../run/index.ts";
import type { Duration } from "../time/index.ts";
import type { CopyOptions, TransferProgress } from "@sremote/transfer";
import type { ConnectorFactory } from "./connect.ts";

export interface FleetOptions extends FleetConfiguration, Pick<HostSetOptions, "usernames" | "known"> {
  /** What loaded files say; the options win over it. @default none */
  configuration?: FleetConfiguration | undefined;
  /** Makes the connector of each host. @default as the configuration says, `ssh` or `openssh` */
  connect?: ConnectorFactory | undefined;
  /** Maximum retries for hosts that timed out or were busy, each after a pause of random length. @default 2 */
  retries?: number | undefined;
  /** Told of failures. @default one that writes to standard error from the level `logLevel` on */
  logger?: Logger | undefined;
  /** For the clients of calls. @default those of RemoteClient */
  client?: RemoteClientOptions | undefined;
}

/** What a run has to say beside its processes. */
export interface OutputOptions {
  /** Lines with the host's name before them, as they come: to a stream, or (true) to standard output. @default false */
  tee?: boolean | Writable | undefined;
  /**
   * Directory, made if it is missing, for a file of output for each host, `HOST.log`; what there is is added to. Mode 0600.
   *
   * @default none
   */
  logDir?: string | undefined;
  /**
   * Bytes of output of all hosts together to keep; blocks that are equal count once. Half of them are divided equally among the hosts, the
   * other half goes to those who print more; what is cut off is told by `truncated`.
   *
   * @default 256 MiB, or twice `outputLimit` where that is more
   */
  totalOutputLimit?: number | undefined;
}

export interface RunOptions extends Omit<ProcessOptions, "host" | "name" | "timeout" | "signal">, RenderOptions, OutputOptions {
  /** How reports call it. @default the command's first line */
  name?: string | undefined;
  /** Milliseconds, or text with a unit, for the run as a whole, from its beginning. @default the configuration's */
  timeout?: Duration | null | undefined;
  /**
   * Milliseconds, or text with a unit, for each host, from when its turn came: reaching the host, and trying again, are part of it.
   *
   * @default none
   */
  hostTimeout?: Duration | null | undefined;
  /** Hosts at work at once. @default the configuration's */
  concurrency?: number | undefined;
  /** False: it begins when it is started, or as a part of another. @default true: in the next turn */
  autoStart?: boolean | undefined;
  /** Aborting ends what runs on all hosts; awaiting the run rejects with the code `cancelled` at once. @default none */
  signal?: AbortSignal | undefined;
}

export interface FleetCallOptions
  extends Omit<CallOptions, "stdout" | "stderr" | "id" | "timeout" | "signal" | "returns" | "objectTimeout">, OutputOptions {
  /** How reports call it. @default the function's name */
  name?: string | undefined;
  /** Milliseconds, or text with a unit, for all calls together, from the beginning. @default the configuration's */
  timeout?: RunOptions["timeout"];
  /**
   * Milliseconds, or text with a unit, for each host, from when its turn came: reaching the host, and trying again, are part of it.
   *
   * @default none
   */
  hostTimeout?: RunOptions["timeout"];
  /** Hosts at work at once. @default the configuration's */
  concurrency?: number | undefined;
  /** What does not count as a failure. @default nothing */
  ignore?: RunOptions["ignore"];
  /** False: it begins when it is started, or as a part of another. @default true: in the next turn */
  autoStart?: boolean | undefined;
  /** As of a run of commands. @default none */
  signal?: RunOptions["signal"];
}

export interface FleetTransferOptions
  extends
    Omit<CopyOptions, "timeout" | "signal" | "onProgress">,
    Pick<FleetCallOptions, "name" | "timeout" | "hostTimeout" | "concurrency" | "ignore" | "autoStart" | "signal"> {
  /** What `{{name}}` stands for, by host. @default none */
  lists?: RunOptions["lists"];
  /** Told of the progress with each host. @default none */
  onProgress?: ((progress: TransferProgress, host: Host) => void) | undefined;
}

/** What concerns a run as a whole. */
export type GroupOptions = Pick<RunOptions, "name" | "timeout" | "concurrency" | "autoStart" | "signal" | "totalOutputLimit">;

/** What concerns the run as a whole, and what each of its jobs. */
export function splitGroupOptions<T extends GroupOptions>(options: T): [group: GroupOptions, own: Omit<T, keyof GroupOptions>] {
  const { name, timeout, concurrency, autoStart, signal, totalOutputLimit, ...own } = options;
  return [{ name, timeout, concurrency, autoStart, signal, totalOutputLimit }, own];
}

const ofAll = { name: true, timeout: true, hostTimeout: true, concurrency: true, ignore: true, autoStart: true, signal: true } as const;
const ofOutput: OptionNames<OutputOptions> = { tee: true, logDir: true, totalOutputLimit: true };

const ofRuns: OptionNames<RunOptions> = {
  ...ofAll,
  ...ofOutput,
  lists: true,
  substitution: true,
  cwd: true,
  cpu: true,
  realtime: true,
  forceKillAfterDelay: true,
  env: true,
  stdin: true,
  pty: true,
  output: true,
  outputLimit: true,
  killOnDisconnect: true,
  logger: true,
  outputInLog: true,
};

const ofCalls: OptionNames<FleetCallOptions> = {
  ...ofAll,
  ...ofOutput,
  runtime: true,
  kwargs: true,
  loginEnv: true,
  env: true,
  cwd: true,
  queueTimeout: true,
  idleTimeout: true,
  outputLimit: true,
  isolation: true,
  workerName: true,
  prefetch: true,
  naiveTimeZone: true,
};

/** Of a run of a command. @throws InvalidArgumentError naming the option */
export function checkRunOptions(options: RunOptions): void {
  checkOptionNames(options, ofRuns);
  checkGroupOptions(options);
}

/** @throws InvalidArgumentError naming the option */
export function checkCall(module: unknown, fn: unknown, args: unknown, options: FleetCallOptions): void {
  for (const [argument, value] of [
    ["module", module],
    ["fn", fn],
  ] as const) {
    if (typeof value !== "string" || value === "") throw new InvalidArgumentError(argument, `a name${given(value)}`);
  }
  if (typeof args !== "function" && typeof args !== "object") {
    throw new InvalidArgumentError(
      "args",
      `a list, an object of keyword arguments, or a function that returns one${given(args, { secret: true })}`,
    );
  }
  checkOptionNames(options, ofCalls);
  checkGroupOptions(options);
}

/** What runs of commands, calls and transfers have in common. @throws InvalidArgumentError naming the option */
export function checkGroupOptions(options: Pick<RunOptions, "concurrency" | "name"> & OutputOptions): void {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", `an object${given(options)}`);
  const { concurrency, tee, logDir, totalOutputLimit, name } = options;
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw new InvalidArgumentError("options.concurrency", `a whole number, 1 or more${given(concurrency)}`);
  }
  if (tee !== undefined && typeof tee !== "boolean" && typeof tee.write !== "function") {
    throw new InvalidArgumentError("options.tee", `true, false or a stream${given(tee)}`);
  }
  if (logDir !== undefined && (typeof logDir !== "string" || logDir === ""))
    throw new InvalidArgumentError("options.logDir", `the path of a directory${given(logDir)}`);
  if (totalOutputLimit !== undefined && !(Number.isSafeInteger(totalOutputLimit) && totalOutputLimit >= 1)) {
    throw new InvalidArgumentError("options.totalOutputLimit", `a number of bytes, 1 or more${given(totalOutputLimit)}`);
  }
  if (name !== undefined && (typeof name !== "string" || name === ""))
    throw new InvalidArgumentError("options.name", `a non-empty string${given(name)}`);
}

/** The options that were given: one that is undefined does not win over a default. */
export function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
