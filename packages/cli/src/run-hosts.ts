/* sremote run: a command on many hosts */
import type { Job, RemoteProcess, Run, RunResult } from "@sremote/fleet";
import { hostText, InvalidArgumentError } from "@sremote/protocol";
import { parseEnvironment } from "./call-arguments.ts";
import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import type { HostOptions } from "./host-options.ts";
import { openFleet } from "./open-fleet.ts";
import { outputJson } from "./value-json.ts";

export interface GroupCommandOptions {
  concurrency?: string;
  timeout?: string;
  hostTimeout?: string;
  json?: true;
}

export interface RunCommandOptions extends GroupCommandOptions {
  env?: string[];
  cwd?: string;
  pty?: true;
  gather?: true;
}

/** Runs a command on all hosts and prints what they print, a line each with the host's name before it. */
export async function runOnHosts(
  context: Context,
  hosts: string,
  command: readonly string[],
  options: RunCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const { env = [], cwd, pty, gather, json } = options;
  await using nodes = await openFleet(hosts, hostOptions);
  const run = nodes.run(commandOf(command), {
    ...groupOptions(options),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env.length === 0 ? {} : { env: parseEnvironment(env) }),
    ...(pty === true ? { pty } : {}),
    signal: context.signal,
  });
  if (json === true) return await printJson(context, await run);
  if (gather !== true) return await watch(context, run);
  const result = await watchQuietly(context, run);
  await context.stdout.write(hostText(result.format().replace(/\n*$/, "\n"), { limit: Number.POSITIVE_INFINITY }));
  return exitCodeOf(result);
}

/** One text is a script for the host's shell; several are a program and its arguments. */
export function commandOf(command: readonly string[]): string | readonly [string, ...string[]] {
  const [first, ...rest] = command;
  if (first === undefined) throw new InvalidArgumentError("COMMAND is missing");
  return rest.length === 0 ? first : [first, ...rest];
}

/** What all commands on many hosts have in common. */
export function groupOptions({ concurrency, timeout, hostTimeout }: GroupCommandOptions): {
  concurrency?: number;
  timeout?: number;
  hostTimeout?: number;
} {
  const most = Number(concurrency);
  if (concurrency !== undefined && !(Number.isSafeInteger(most) && most >= 1))
    throw new InvalidArgumentError("--concurrency", `a whole number, 1 or more, not ${JSON.stringify(concurrency)}`);
  return {
    ...(concurrency === undefined ? {} : { concurrency: most }),
    ...(timeout === undefined ? {} : { timeout: parseDuration(timeout) }),
    ...(hostTimeout === undefined ? {} : { hostTimeout: parseDuration(hostTimeout, "--host-timeout") }),
  };
}

/** Lines on standard output, progress and failures on standard error; on one terminal both are one picture. */
export async function watch<J extends Job>(context: Context, run: Run<J>): Promise<ExitCode> {
  const { display } = await import("@sremote/fleet");
  const { stdout, stderr } = context;
  if (stdout.stream.isTTY && stderr.stream.isTTY) {
    await display(run, { writeTo: stderr.stream, lines: true });
    return exitCodeOf(await run);
  }
  run.on("line", ({ text, host }) => stdout.write(`${host}: ${text}\n`));
  return exitCodeOf(await watchQuietly(context, run));
}

async function watchQuietly<J extends Job>({ stderr }: Context, run: Run<J>): Promise<RunResult<J>> {
  const { display } = await import("@sremote/fleet");
  await display(run, { writeTo: stderr.stream, lines: false });
  return await run;
}

/** One JSON document for each host, in the order of the hosts. */
async function printJson({ stdout }: Context, result: RunResult<RemoteProcess>): Promise<ExitCode> {
  for (const { label, reason, exitCode, signal, output, truncated, error } of result.jobs) {
    const document = {
      host: label,
      reason,
      exitCode,
      signal,
      stdout: outputJson(output.bytes("stdout")),
      stderr: outputJson(output.bytes("stderr")),
      ...(truncated ? { truncated } : {}),
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    };
    await stdout.write(`${JSON.stringify(document)}\n`);
  }
  return exitCodeOf(result);
}

/** 0 if all went well; 1 if something failed; 5 if a host could not be reached; 7 if a deadline ended something. */
export function exitCodeOf({ jobs }: RunResult): ExitCode {
  const bad = jobs.filter(({ ok }) => !ok);
  if (bad.length === 0) return exitCodes.value;
  if (bad.some(({ reason }) => reason === "unreachable")) return exitCodes.connection;
  return bad.some(({ reason }) => reason === "timeout") ? exitCodes.timeout : exitCodes.raised;
}
