/* sremote call */
import { type CallOptions, type RemoteClient, RemoteIterable } from "@sremote/client";
import { ArgumentSource, readArguments } from "./argument-source.ts";
import { parseEnvironment } from "./call-arguments.ts";
import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { parseFunctionName } from "./function-name.ts";
import type { HostOptions } from "./host-options.ts";
import { JsonPrinter, TextPrinter } from "./print-result.ts";
import { withClient } from "./with-client.ts";

export interface PlaceOptions {
  python?: string;
  nodePath?: string;
  sremoteDir?: string;
}

export interface CallCommandOptions extends PlaceOptions {
  kw?: string[];
  string?: true;
  node?: true;
  json?: true;
  env?: string[];
  cwd?: string;
  timeout?: string;
  loginEnv?: true;
  id?: string;
  ship?: string[];
}

/** Calls the function, passes on what it printed, and prints its value. @throws what the call rejects with, after what it had printed */
export async function call(
  context: Context,
  host: string,
  name: string,
  args: readonly string[],
  options: CallCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const target = parseFunctionName(name);
  const source = new ArgumentSource(options.string === true);
  const { args: values, kwargs } = await readArguments(source, args, options.kw ?? []);
  const callOptions = { ...callOptionsOf(options, target.isNode), ...(kwargs === undefined ? {} : { kwargs }), signal: context.signal };
  const print = options.json === true ? new JsonPrinter(context) : new TextPrinter(context);
  try {
    await withClient(host, hostOptions, placesOf(options), context.signal, async (client) => {
      shipAll(client, options);
      const result = await client.call(target.module, target.function, values, { ...callOptions, ...print.sinks });
      await (result.value instanceof RemoteIterable ? print.items(result.value, result) : print.result(result));
    });
    return exitCodes.value;
  } catch (error) {
    await print.error(error);
    throw error;
  }
}

/** Makes each path of `--ship`, `PATH` or `NAME=PATH`, importable in calls. @throws InvalidArgumentError */
export function shipAll(client: Pick<RemoteClient, "ship">, { ship = [], node }: Pick<CallCommandOptions, "ship" | "node">): void {
  for (const written of ship) {
    const [, name, path = written] = /^([\w.-]+)=(.*)$/s.exec(written) ?? [];
    client.ship(path, { ...(name === undefined ? {} : { as: name }), ...(node === true ? { runtime: "node" as const } : {}) });
  }
}

export function callOptionsOf(options: CallCommandOptions, isNode: boolean): CallOptions {
  const { env = [], cwd, timeout, loginEnv, id } = options;
  return {
    runtime: options.node === true || isNode ? "node" : "python",
    ...(env.length > 0 ? { env: parseEnvironment(env) } : {}),
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeout === undefined ? {} : { timeout: parseDuration(timeout) }),
    ...(loginEnv === true ? { loginEnv } : {}),
    ...(id === undefined ? {} : { id }),
  };
}

export function placesOf({ python, nodePath, sremoteDir }: PlaceOptions): { python?: string; node?: string; sremoteDir?: string } {
  return {
    ...(python === undefined ? {} : { python }),
    ...(nodePath === undefined ? {} : { node: nodePath }),
    ...(sremoteDir === undefined ? {} : { sremoteDir }),
  };
}
