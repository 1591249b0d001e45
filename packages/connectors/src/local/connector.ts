/* This machine as a host. */
import { homedir } from "node:os";
import { InvalidArgumentError, SremoteError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { checkCommand, checkOperationOptions, refusePty } from "../argument.ts";
import type { Connector, ConnectorStatus, OperationOptions } from "../connector.ts";
import { withDeadline } from "../deadline.ts";
import { Lifetime } from "../lifetime.ts";
import { LiveProcesses } from "../live-processes.ts";
import { execOverProcess, type StartProcess } from "../process/index.ts";
import { startLocally } from "./process.ts";
import { type Here, pullLocally, pushLocally } from "./transfer.ts";

export interface LocalOptions {
  /** Working directory of commands. @default `HOME`, as after a login over SSH */
  cwd?: string | undefined;
  /** Environment variables of commands, beside those of this process; `undefined` takes one away. @default none beside them */
  env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * A connector to this machine: child processes and file copies, no shell for argument vectors.
 *
 * @throws SremoteError `unsupported` on Windows, which has no POSIX shell
 *
 * @example
 * ```ts
 * import { local, RemoteClient } from "sremote";
 *
 * await using client = new RemoteClient(local({ cwd: "/tmp" }));
 * ```
 */
export function local(options: LocalOptions = {}): Connector {
  refuseWindows(process.platform);
  return localNamed("local://", options);
}

/** @throws SremoteError `unsupported` */
export function refuseWindows(platform: NodeJS.Platform): void {
  if (platform !== "win32") return;
  throw new SremoteError("unsupported", "local() needs a POSIX shell, and Windows has none", {
    stage: "connect",
    host: "local://",
    hint: "run this program in WSL, or reach a Linux or macOS host with ssh()",
  });
}

const optionNames: OptionNames<LocalOptions> = { cwd: true, env: true };

/** The same under another label, for connectors that are this machine in disguise. */
export function localNamed(label: string, options: LocalOptions): Connector {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "an object");
  checkOptionNames(options, optionNames);
  const { cwd, env: extra = {} } = options;
  if (cwd !== undefined && (typeof cwd !== "string" || cwd === "")) throw new InvalidArgumentError("options.cwd", "a directory's path");
  if (typeof extra !== "object" || extra === null) throw new InvalidArgumentError("options.env", "an object of strings");
  for (const [name, value] of Object.entries(extra)) {
    if (value !== undefined && typeof value !== "string") throw new InvalidArgumentError(`options.env.${name}`, "a string");
  }
  const lifetime = new Lifetime(label);
  const live = new LiveProcesses();
  const close = async (): Promise<void> => {
    await lifetime.close();
    await live.end();
  };
  const start: StartProcess = (command, { signal }) => {
    signal?.throwIfAborted();
    const env = definedOnly({ ...process.env, ...extra });
    return startLocally(command, { cwd: cwd ?? env.HOME ?? homedir(), env }, label);
  };
  const here = (): Here => ({ label, home: definedOnly({ ...process.env, ...extra }).HOME ?? homedir() });
  return {
    label,
    acceptsStdin: true,
    announcesInput: true,
    exec: (command, given = {}) => lifetime.run(given, (own) => execOverProcess(start, command, own, label)),
    push: (source, remotePath, given = {}) => lifetime.run(given, (own) => pushLocally(source, remotePath, own, here())),
    pull: (remotePath, sink, given = {}) => lifetime.run(given, (own) => pullLocally(remotePath, sink, own, here())),
    spawn: (command, given = {}) =>
      lifetime.run(given, async (own) => {
        checkCommand(command);
        refusePty(given, label);
        return live.add(await withDeadline(own, { label, stage: "spawn" }, (signal) => start(command, { signal })));
      }),
    async status(given: OperationOptions = {}): Promise<ConnectorStatus> {
      checkOperationOptions(given);
      return { ok: !lifetime.closed, message: lifetime.closed ? "the connector was closed" : "this machine" };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
