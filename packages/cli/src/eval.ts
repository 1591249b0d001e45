/* sremote eval: lines of Python on a host */
import { InvalidArgumentError } from "@sremote/protocol";
import { ArgumentSource } from "./argument-source.ts";
import { type PlaceOptions, placesOf, shipAll } from "./call.ts";
import { parseEnvironment } from "./call-arguments.ts";
import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import type { HostOptions } from "./host-options.ts";
import { JsonPrinter, TextPrinter } from "./print-result.ts";
import { withClient } from "./with-client.ts";

export interface EvalCommandOptions extends PlaceOptions {
  json?: true;
  env?: string[];
  cwd?: string;
  timeout?: string;
  loginEnv?: true;
  ship?: string[];
}

/** Runs the code and prints the value of its last expression; its text where it cannot travel. */
export async function evaluate(
  context: Context,
  host: string,
  code: string,
  options: EvalCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const { env = [], cwd, timeout, loginEnv, json } = options;
  const text = await codeOf(code);
  const place = {
    ...(env.length > 0 ? { env: parseEnvironment(env) } : {}),
    ...(cwd === undefined ? {} : { cwd }),
    ...(loginEnv === true ? { loginEnv } : {}),
  };
  const limits = { signal: context.signal, ...(timeout === undefined ? {} : { timeout: parseDuration(timeout) }) };
  const print = json === true ? new JsonPrinter(context) : new TextPrinter(context);
  try {
    await withClient(host, hostOptions, placesOf(options), context.signal, async (client) => {
      shipAll(client, options);
      await using python = await client.interpreter({ ...place, ...limits });
      const result = await python.run(text, { ...limits, ...print.sinks });
      const isLeftThere = result.problem !== undefined && json !== true;
      await print.result(isLeftThere ? { ...result, value: result.text } : result);
    });
    return exitCodes.value;
  } catch (error) {
    await print.error(error);
    throw error;
  }
}

/** `@FILE` and `-` are where it comes from; all else is the code itself. */
async function codeOf(written: string): Promise<string> {
  if (written !== "-" && !written.startsWith("@")) return written;
  const text = await new ArgumentSource(false).text(written, "CODE");
  if (text === undefined) throw new InvalidArgumentError("CODE", "UTF-8 text");
  return text;
}
