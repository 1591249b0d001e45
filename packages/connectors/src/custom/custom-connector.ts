/* A connector from three functions. */
import { InvalidArgumentError, SremoteError } from "@sremote/protocol";
import { checkCommand, checkExecOptions, checkOperationOptions, refusePty } from "../argument.ts";
import type { Connector, ConnectorStatus, OperationOptions, RemoteProcess, SpawnOptions } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import { Lifetime } from "../lifetime.ts";
import { connectError } from "./error.ts";
import { execByFunction } from "./exec.ts";
import { CustomProcesses } from "./spawn.ts";
import { pullByFunction, pushByFunction } from "./transfer.ts";

/** What `exec` of a custom connector resolves to. Bytes, not text: a decoded string has lost what was not UTF-8. */
export interface CustomResult {
  /** 0–255; null when a signal ended the command, as far as that can be known. */
  readonly exitCode: number | null;
  /** Such as `SIGKILL`. */
  readonly signal?: string | null | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

export interface CustomContext {
  /** Aborted at a deadline, by the caller, or when the connector is closed. The function should then end soon; its result is ignored. */
  readonly signal: AbortSignal;
}

export interface CustomTransferContext extends CustomContext {
  /**
   * A line for the host's shell that does the transfer where `exec` can be used for it: for `push` it writes its standard input to the
   * file, for `pull` it prints the file. It holds the path quoted, whatever bytes it is made of.
   */
  readonly line: string;
}

/** The author's part: how to run one command line on a host, and how to move one file there and back. */
export interface CustomFunctions {
  /** Such as `docker://name`, for errors and logs. Holds no secret. */
  readonly label: string;
  /**
   * Runs a line of printable ASCII in the host's shell (of any kind) and waits for its end. A non-zero exit code is a result, not an error.
   * `stdin` is given only where `acceptsStdin` is true.
   */
  readonly exec: (line: string, context: CustomContext & { readonly stdin?: Uint8Array | undefined }) => Promise<CustomResult>;
  /** Writes the bytes to a file that does not exist yet. It need not be atomic, check anything or clean up. */
  readonly push: (bytes: Uint8Array, remotePath: string, context: CustomTransferContext) => Promise<unknown>;
  /** Reads a file whole. A name that is not UTF-8 is a string as explained at `fromBytes`. */
  readonly pull: (remotePath: string, context: CustomTransferContext) => Promise<Uint8Array>;
  /** Whether `exec` passes `stdin` on and returns stdout exactly and unbounded. Default false. */
  readonly acceptsStdin?: boolean | undefined;
  /**
   * Starts a line as a live process. The line is printable ASCII for the host's shell; the process's streams carry bytes. `exit` resolves when
   * it has ended, and its outputs end then; disposing ends it. Closing the connector disposes of those that are left, and then ends on a Linux
   * host what still runs of them. See "Live processes" in the guide.
   */
  readonly spawn?: ((line: string, context: CustomContext) => Promise<RemoteProcess>) | undefined;
  /** Throws when the host cannot be reached. Default: runs `true` there. */
  readonly status?: ((context: CustomContext) => Promise<unknown>) | undefined;
  /** Called once. */
  readonly close?: (() => Promise<unknown>) | undefined;
}

/**
 * Makes a connector of an author's functions. It adds what else every author would have to write: checks of arguments, quoting,
 * deadlines and aborts (which also end the command on a Linux host), a temporary name, size, SHA-256 and rename for transfers, and errors
 * with codes, which have the author's error as their cause.
 *
 * Transfers hold the whole file in memory, as the functions do.
 */
export function createConnector(functions: CustomFunctions): Connector {
  checkFunctions(functions);
  const { label, spawn } = functions;
  const acceptsStdin = functions.acceptsStdin ?? false;
  const lifetime = new Lifetime(label);
  const processes = new CustomProcesses(functions);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      await lifetime.close();
      try {
        await processes.close();
      } finally {
        await functions.close?.();
      }
    })());

  async function status(options: OperationOptions = {}): Promise<ConnectorStatus> {
    checkOperationOptions(options);
    try {
      await lifetime.run(options, (own) =>
        withDeadline(own, { label, stage: "status" }, async (signal) => {
          if (functions.status === undefined) await execByFunction(functions, ["true"], { signal });
          else await orAborted(functions.status({ signal }), signal);
        }),
      );
      return { ok: true, message: "the host answered" };
    } catch (cause) {
      const error = connectError(cause, "status", label);
      return { ok: false, message: error.summary, error };
    }
  }

  return {
    label,
    acceptsStdin,
    exec: (command, options = {}) =>
      lifetime.run(options, async (own) => {
        checkCommand(command);
        checkExecOptions(own);
        if (own.stdin !== undefined && !acceptsStdin) {
          throw new SremoteError("unsupported", "exec: this connector takes no standard input", { stage: "exec", host: label });
        }
        return execByFunction(functions, command, own);
      }),
    push: (source, remotePath, options = {}) => lifetime.run(options, (own) => pushByFunction(functions, source, remotePath, own)),
    pull: (remotePath, sink, options = {}) => lifetime.run(options, (own) => pullByFunction(functions, remotePath, sink, own)),
    ...(spawn !== undefined && {
      spawn: (command: Parameters<Connector["exec"]>[0], options: SpawnOptions = {}) =>
        lifetime.run(options, async (own) => {
          checkCommand(command);
          refusePty(own, label);
          return withDeadline(own, { label, stage: "spawn" }, (signal) => processes.start(command, signal, own.later));
        }),
    }),
    status,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function checkFunctions(functions: CustomFunctions): void {
  if (typeof functions !== "object" || functions === null) throw new InvalidArgumentError("functions", "an object");
  if (typeof functions.label !== "string" || functions.label === "") throw new InvalidArgumentError("functions.label", "a text");
  for (const name of ["exec", "push", "pull"] as const) {
    if (typeof functions[name] !== "function") throw new InvalidArgumentError(`functions.${name}`, "a function");
  }
  for (const name of ["spawn", "status", "close"] as const) {
    const given = functions[name];
    if (given !== undefined && typeof given !== "function") throw new InvalidArgumentError(`functions.${name}`, "a function");
  }
}
