/* A connector from three functions. */
import { InvalidArgumentError, SremoteError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { checkCommand, checkExecOptions, checkOperationOptions, refusePty } from "../argument.ts";
import type { Connector, ConnectorStatus, OperationOptions, SpawnOptions } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import { Lifetime } from "../lifetime.ts";
import { connectError } from "./error.ts";
import { execByFunction } from "./exec.ts";
import type { CustomFunctions } from "./functions.ts";
import { CustomProcesses } from "./spawn.ts";
import { pullByFunction, pushByFunction } from "./transfer.ts";

/**
 * Makes a connector of an author's functions. It adds what else every author would have to write: checks of arguments, quoting,
 * deadlines and aborts (which also end the command on a Linux host), a temporary name, size, SHA-256 and rename for transfers, and errors
 * with codes, which have the author's error as their cause.
 *
 * Transfers hold the whole file in memory, as the functions do.
 *
 * @example
 * ```ts
 * import { spawnSync } from "node:child_process";
 * import { readFile, writeFile } from "node:fs/promises";
 * import { createConnector } from "sremote";
 *
 * const host = createConnector({
 *   label: "mine://",
 *   exec: async (line) => {
 *     const { status, stdout, stderr } = spawnSync("sh", ["-c", line]);
 *     return { exitCode: status, stdout, stderr };
 *   },
 *   push: (bytes, remotePath) => writeFile(remotePath, bytes),
 *   pull: (remotePath) => readFile(remotePath),
 * });
 * ```
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
      return { ok: false, message: error.message, error };
    }
  }

  return {
    label,
    acceptsStdin,
    announcesInput: acceptsStdin,
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

const functionNames: OptionNames<CustomFunctions> = {
  label: true,
  exec: true,
  push: true,
  pull: true,
  acceptsStdin: true,
  spawn: true,
  status: true,
  close: true,
};

function checkFunctions(functions: CustomFunctions): void {
  if (typeof functions !== "object" || functions === null) throw new InvalidArgumentError("functions", "an object");
  // An instance of a class may have members of its own.
  if (Object.getPrototypeOf(functions) === Object.prototype) checkOptionNames(functions, functionNames, "functions");
  if (typeof functions.label !== "string" || functions.label === "") throw new InvalidArgumentError("functions.label", "a string");
  for (const name of ["exec", "push", "pull"] as const) {
    if (typeof functions[name] !== "function") throw new InvalidArgumentError(`functions.${name}`, "a function");
  }
  for (const name of ["spawn", "status", "close"] as const) {
    const given = functions[name];
    if (given !== undefined && typeof given !== "function") throw new InvalidArgumentError(`functions.${name}`, "a function");
  }
}
