/* The seam between what every REST connector does and what one service wants. */
import type { SremoteError } from "@sremote/protocol";
import type { Command, ExecResult, OperationOptions, SpawnedProcess } from "../connector.ts";
import type { Content } from "./content.ts";
import type { Download } from "./download.ts";
import type { HttpClient, HttpRequest, HttpReply } from "./http.ts";

export type { Download } from "./download.ts";

/** What each hook is given. */
export interface RestContext {
  /** Sends requests to the service with its credentials; retries, refreshes, caps and redacts. */
  readonly http: HttpClient;
  /** Hand it on to every request. */
  readonly signal: AbortSignal;
}

export interface RestLimits {
  /** Largest body of one upload in bytes. Default: none. */
  readonly put?: number | undefined;
  /** Largest file that can be downloaded in bytes. Default: none. */
  readonly get?: number | undefined;
  /**
   * Bytes of stdout and stderr together that come back within the report of a command instead of as files of their own. In the report they
   * take a third more. Default 48 KiB.
   */
  readonly inline?: number | undefined;
  /**
   * Milliseconds that `run` may take on the host before it must answer, because a gateway would cut it off; a command that takes longer goes on
   * by itself and is asked after. `Infinity` for jobs, whose processes end with the script. @default 20_000
   */
  readonly replyTimeout?: number | undefined;
  /** Whether file names may begin with a dot. Default true. */
  readonly hiddenFiles?: boolean | undefined;
}

/** What is known of a script after `run` or `poll`. The host's files are the truth; this is a hint where to look, and when. */
export type RunState =
  /** It has ended. `output`: what it printed, perhaps trimmed, cut or mangled; omit it where the service does not tell. */
  | { readonly kind: "finished"; readonly output?: string | Uint8Array | undefined; readonly detail?: string | undefined }
  /** It waits for its turn, or runs. `poll` is asked with the handle. */
  | { readonly kind: "queued" | "running"; readonly handle: string; readonly detail?: string | undefined }
  /** The request went wrong, and the service, asked for it, knows of none: the script itself is asked, and seen to that it never runs late. */
  | { readonly kind: "missing" }
  /** It ended without having done its work: cancelled, killed, refused by the scheduler. `detail` goes into the error. */
  | { readonly kind: "failed"; readonly detail: string };

/** A script that lies on the host. To run it is `/bin/sh <path> <args…>`: words of `[A-Za-z0-9._/-]` only, so that no quoting can go wrong. */
export interface ScriptRun {
  readonly path: string;
  readonly args: readonly string[];
  /** The same as one line. */
  readonly line: string;
  /** Unique for each `run`, for the name of a job. */
  readonly name: string;
  /**
   * Whether the request may be sent again when its fate is unknown. False for the one that starts a user's command: hand it on to `http` as
   * `idempotent`.
   */
  readonly idempotent: boolean;
}

/** A command for a service that itself takes input and returns exit code and output exactly. */
export interface DirectRequest {
  /** For the host's `sh -c`. */
  readonly script: string;
  readonly stdin: readonly Uint8Array[];
  /** Bytes of stdout and stderr that are wanted; with more, it sets `truncated`. */
  readonly stdoutLimit: number;
  readonly stderrLimit: number;
}

/** What every dialect has. */
export interface DialectBase {
  /** Such as `newt://me@machine`, for errors and logs. Holds no secret. */
  readonly label: string;
  /** Credentials that must show nowhere, such as a password. What `authenticate` returns is hidden in any case. */
  secrets?(): readonly string[];
  /**
   * Headers that each request carries. Asked before the first request, and again when they are refused (401, 403, or `check`), once however
   * many requests find out. Send its own requests with `credentials: false`; a token service elsewhere needs an `HttpClient` of its own.
   */
  authenticate?(context: RestContext): Promise<Readonly<Record<string, string>>>;
  /** Whether what `authenticate` returned should be made anew before it is refused: a token whose life is nearly over. */
  isStale?(): boolean;
  /**
   * Looks at each reply: services say 200 and mean an error, or tell with a general status what the matter is. `unauthorized`: the credentials
   * ran out, nothing was done. A `connection-lost` error: trouble on the way, as a 503 would say. Any other error is final. Undefined: it means
   * what its status says. What the service said goes into a message only through `redact`.
   */
  check?(reply: HttpReply, request: HttpRequest, redact: (text: string) => string): "unauthorized" | SremoteError | undefined;
  /** One sentence on a host that is in reach; throws when it is not. Default: asks for `home`, or runs `true`. */
  status?(context: RestContext): Promise<string>;
  /** Called once. */
  close?(): Promise<void>;
}

/**
 * A service that moves files and runs commands or jobs: a small class of hooks.
 *
 * Hooks throw what `http` throws; they need not retry, wait, refresh credentials, check sizes or hide secrets. Paths are absolute and made
 * of `[A-Za-z0-9._/-]`. Keep credentials in `#private` fields.
 */
export interface ScriptDialect extends DialectBase {
  /** Read anew for each command: a dialect may learn them from the service. */
  readonly limits: RestLimits;
  /** An existing directory that all nodes of the host share and others cannot write to, such as the user's home. Asked once. */
  home(context: RestContext): Promise<string>;
  /** Makes a directory of mode 0700. That it exists already is no error: it was a repetition. */
  makeDirectory(path: string, context: RestContext): Promise<void>;
  /** Removes a file, or a directory and what is in it, if it is there. */
  remove(path: string, context: RestContext): Promise<void>;
  /** Writes a file, replacing what is there. It need not be atomic. Never empty. */
  put(path: string, content: Content, context: RestContext): Promise<void>;
  /** Reads a file. A missing one is a `TransferError` with the code `no-such-file`, which `http` makes of 404. */
  get(path: string, download: Download, context: RestContext): Promise<void>;

  /** Runs a script, or submits it. Default: by `execDirect`. */
  run?(script: ScriptRun, context: RestContext): Promise<RunState>;
  /** What has become of it. For services whose `run` returns handles. */
  poll?(handle: string, context: RestContext): Promise<RunState>;
  /**
   * The handle of a run by its name, or undefined when the service knows none: for jobs whose start was asked for, and its answer lost. Asked
   * again for a while before the run is taken for one that never was.
   */
  find?(name: string, context: RestContext): Promise<string | undefined>;
  /**
   * Ends it. That it is over already is no error. Where it is missing, the script ends its command itself.
   * @param name what the run was called: a request that arrived twice may have started it twice, and another than this may be the one that works
   */
  cancel?(handle: string, context: RestContext, name: string): Promise<void>;
  /**
   * Runs a command with exact input, output and exit code; then `exec` needs no files, and one request does. When the signal is aborted it
   * should give up soon; what was started is found and ended by a variable in its environment.
   */
  execDirect?(request: DirectRequest, context: RestContext): Promise<ExecResult>;
}

/** A service that starts live processes: `exec`, `push`, `pull` and sessions go over these, and no other hook is needed. */
export interface ProcessDialect extends DialectBase {
  /** `inputSize`: bytes of input that follow, after which it ends, where that is known. */
  spawn(command: Command, options: OperationOptions & { inputSize?: number | undefined }, context: RestContext): Promise<SpawnedProcess>;
}

/** One service's way to do things. {@link RestConnector} makes a connector of it. */
export type RestDialect = ScriptDialect | ProcessDialect;
