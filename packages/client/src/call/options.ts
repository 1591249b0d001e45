import type { OutputHandling } from "./output.ts";

export type Runtime = "python" | "node";

/** Positional arguments as an array, or keyword arguments as a plain object. */
export type CallArguments = readonly unknown[] | Readonly<Record<string, unknown>>;

export interface CallOptions {
  /** Which endpoint runs the function. @default the client's, which is `python` */
  runtime?: Runtime | undefined;
  /**
   * Keyword arguments beside a list of positional ones. A Node function gets them as one object after the positional ones.
   *
   * @default none
   */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** Loads the user's login environment (`.profile` and the like) first. A login shell that fails is `unsupported` or `endpoint-broken`. @default false */
  loginEnv?: boolean | undefined;
  /** Variables for this call, over the registered ones. In place before the interpreter starts. @default none */
  env?: Readonly<Record<string, string>> | undefined;
  /**
   * Working directory on the host, created when missing; relative to the home directory.
   *
   * @default the client's `pwdDir`, else the home directory
   */
  cwd?: string | undefined;
  /**
   * Deadline in milliseconds, from the call: connecting, starting and waiting for a worker count. The function is then interrupted, and killed 1 s later; the call
   * rejects with the code `timeout`, and its `outcome` says whether it may have run. @default none
   */
  timeout?: number | undefined;
  /** Deadline in milliseconds, from the call, until a worker takes it; then it rejects with the code `timeout`, stage `queue`. @default none */
  queueTimeout?: number | undefined;
  /** Deadline in milliseconds without output, items or callbacks while the function runs; then it is ended as by `timeout`. @default none */
  idleTimeout?: number | undefined;
  /**
   * Aborting ends the function on the host; the call rejects with the code `cancelled` within 100 ms, whether or not the host has said so.
   *
   * @default none
   */
  signal?: AbortSignal | undefined;
  /** Bytes of stdout and of stderr that are kept, each. What is cut off is told in the result. @default 64 MiB */
  outputLimit?: number | undefined;
  /**
   * What becomes of stdout: `collect` it for the result, `discard` it, or pass it on as it comes to a stream or `{write(chunk)}`.
   *
   * @default `collect`
   */
  stdout?: OutputHandling | undefined;
  /** What becomes of stderr, as for `stdout`. @default `collect` */
  stderr?: OutputHandling | undefined;
  /**
   * `call`: a process of its own for this call. `worker`: a warm process in which modules stay loaded and module state is shared.
   *
   * @default `worker`
   */
  isolation?: "call" | "worker" | undefined;
  /**
   * Name of a process that this call shares with all others of the same name, and with none else. It needs a session: over files it is `unsupported`.
   *
   * @default none: any worker
   */
  workerName?: string | undefined;
  /**
   * `value`: the result itself; one that cannot travel is `unserializable-result`. `object`: it stays on the host and a RemoteObject stands for it, which
   * needs a session: over files it is `unsupported`.
   *
   * @default `value`
   */
  returns?: "value" | "object" | undefined;
  /** With `returns: "object"`: milliseconds without use after which the host forgets the object; using it is `object-lost` then. @default none */
  objectTimeout?: number | undefined;
  /** Of a generator's items, how many are asked for ahead of the loop. @default 0: the generator makes one when the loop wants it */
  prefetch?: number | undefined;
  /**
   * Zone of datetimes that have none: `UTC`, `local`, `+02:00` or an IANA name, which needs Python 3.9 (else `unsupported`) and must be known there (else
   * `bad-arguments`). Without it they are `unserializable-result`.
   *
   * @default none
   */
  naiveTimeZone?: string | undefined;
  /**
   * Call id, 32 lower-case hex digits. A call repeated with the same id and arguments never runs twice; with others it is a `call-conflict`.
   *
   * @default random
   */
  id?: string | undefined;
}

/** Options with which the result stays on the host. */
export type ReturnsObject = CallOptions & { returns: "object" };

export interface SplitArguments {
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>> | undefined;
}
