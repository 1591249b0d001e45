/* `exec` by a service that takes input and returns output exactly. */
import { randomBytes } from "node:crypto";
import { hostLimits, SremoteError } from "@sremote/protocol";
import { shellText } from "../command-line.ts";
import type { Command, ExecOptions, ExecResult } from "../connector.ts";
import { orAborted, settledWithin } from "../deadline.ts";
import { endTagged } from "../end-tagged.ts";
import { quote } from "../quote.ts";
import type { RestContext, ScriptDialect } from "./dialect.ts";

/** Milliseconds for ending a command, itself a command. */
const endTimeout = 5000;

export async function execDirectly(
  dialect: ScriptDialect,
  command: Command,
  options: ExecOptions,
  context: RestContext,
): Promise<ExecResult> {
  const [stdoutLimit, stderrLimit] = [options.outputLimit ?? hostLimits.execStdout, options.outputLimit ?? hostLimits.execStderr];
  const run = (text: string, input: readonly Uint8Array[], own: RestContext): Promise<ExecResult> => {
    if (dialect.execDirect === undefined) throw new SremoteError("unsupported", "exec", { host: dialect.label });
    return dialect.execDirect({ script: text, stdin: input, stdoutLimit, stderrLimit }, own);
  };
  const tag = randomBytes(16).toString("hex");
  const stdin = options.stdin === undefined ? [] : options.stdin instanceof Uint8Array ? [options.stdin] : options.stdin;
  // Every process of the command inherits the variable, so that all can be found, whatever their parent is by then.
  const script = `SREMOTE_EXEC=${tag}; export SREMOTE_EXEC; exec /bin/sh -c ${quote(shellText(command))}${stdin.length === 0 ? " < /dev/null" : ""}`;
  try {
    options.onInput?.();
    const result = await orAborted(run(script, stdin, context), context.signal);
    const stdout = result.stdout.subarray(0, stdoutLimit);
    const stderr = result.stderr.subarray(0, stderrLimit);
    const truncated = result.truncated === true || stdout.length < result.stdout.length || stderr.length < result.stderr.length;
    return { exitCode: result.exitCode, signal: result.signal, stdout, stderr, ...(truncated ? { truncated } : {}) };
  } catch (error) {
    if (context.signal.aborted) {
      const signal = AbortSignal.timeout(endTimeout);
      const ending = (async () => run(endTagged(tag), [], { http: context.http, signal }))();
      await settledWithin(ending, endTimeout);
    }
    throw error;
  }
}
