/* sremote call */
import type { CallOptions, CallResult } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { parseArgument, parseEnvironment, parseKeywords } from "./call-arguments.ts";
import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { errorJson } from "./error-json.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { parseFunctionName } from "./function-name.ts";
import type { HostOptions } from "./host-options.ts";
import type { Output } from "./output.ts";
import { outputJson, toJson } from "./value-json.ts";
import { valueText } from "./value-text.ts";
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
  const literally = options.string === true;
  const values = args.map((text, index) => parseArgument(text, literally, `argument ${index + 1}`));
  const callOptions = callOptionsOf(options, target.isNode, literally);
  try {
    const result = await withClient(host, hostOptions, placesOf(options), context.signal, (client) =>
      client.doRemoteCall(target.module, target.function, values, { ...callOptions, signal: context.signal }),
    );
    if (options.json === true) await context.stdout.write(`${JSON.stringify(resultJson(result))}\n`);
    else await printResult(context, result);
    return exitCodes.value;
  } catch (error) {
    if (options.json === true) await context.stdout.write(`${JSON.stringify({ error: errorJson(error) })}\n`);
    else if (error instanceof RemoteExecError && error.output !== undefined)
      await printOutput(context, error.output.stdout, error.output.stderr);
    throw error;
  }
}

function callOptionsOf(options: CallCommandOptions, isNode: boolean, literally: boolean): CallOptions {
  const { kw = [], env = [], cwd, timeout, loginEnv, id } = options;
  return {
    runtime: options.node === true || isNode ? "node" : "python",
    ...(kw.length > 0 ? { kwargs: parseKeywords(kw, literally) } : {}),
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

async function printResult(context: Context, result: CallResult): Promise<void> {
  const { stdout, stderr } = result.output;
  await printOutput(context, stdout.bytes, stderr.bytes);
  for (const [name, part] of Object.entries(result.output)) {
    if (part.truncated) await context.stderr.write(`sremote: ${name} was cut: ${part.bytes.length} of ${part.total} bytes were kept\n`);
  }
  const text = valueText(result.value, terminalOf(context.stdout));
  if (text !== undefined) await context.stdout.write(text);
}

async function printOutput(context: Context, stdout: Uint8Array, stderr: Uint8Array): Promise<void> {
  await context.stdout.write(stdout);
  await context.stderr.write(stderr);
}

function terminalOf({ stream }: Output): { terminal: boolean; colors: boolean; columns: number } {
  const terminal = stream.isTTY;
  return { terminal, colors: terminal && stream.hasColors(), columns: terminal ? stream.columns : 100 };
}

function resultJson(result: CallResult): Record<string, unknown> {
  const { value, output, usage, host, modules, callId } = result;
  const truncated = Object.entries(output).flatMap(([name, part]) => (part.truncated ? [name] : []));
  return {
    value: toJson(value),
    stdout: outputJson(output.stdout.bytes),
    stderr: outputJson(output.stderr.bytes),
    ...(truncated.length > 0 ? { truncated } : {}),
    ...(usage === undefined ? {} : { usage }),
    host,
    ...(Object.keys(modules).length > 0 ? { modules } : {}),
    callId,
  };
}
