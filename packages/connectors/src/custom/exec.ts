/* `exec` by an author's function. */
import { randomBytes } from "node:crypto";
import { hostLimits, InvalidArgumentError } from "@sremote/protocol";
import { commandLine } from "../command-line.ts";
import { shell } from "../connector.ts";
import type { Command, ExecOptions, ExecResult } from "../connector.ts";
import { orAborted, settledWithin, withDeadline } from "../deadline.ts";
import { endTagged } from "../end-tagged.ts";
import { connectError } from "./error.ts";
import type { CustomFunctions, CustomResult } from "./functions.ts";
import { proveShell } from "./shell-proof.ts";

/** Ending a command on the host, itself a command, may take this long. */
const endTimeout = 5000;

/** Runs a command under deadline and signal, whatever the function itself does about them. */
export async function execByFunction(functions: CustomFunctions, command: Command, options: ExecOptions): Promise<ExecResult> {
  const { label } = functions;
  return withDeadline(options, { label, stage: "exec" }, async (signal) => {
    const tag = randomBytes(16).toString("hex");
    const stdin = functions.acceptsStdin === true ? joined(options.stdin) : undefined;
    // Every process of the command inherits the variable, so that all can be found, whatever their parent is by then.
    const line = `env SREMOTE_EXEC=${tag} ${commandLine(command)}${stdin === undefined ? " < /dev/null" : ""}`;
    try {
      if (stdin !== undefined && stdin.length > 0) await proveShell(functions, signal);
      signal.throwIfAborted();
      options.onInput?.();
      const result = await orAborted(functions.exec(line, { signal, stdin }), signal);
      return limited(result, options.outputLimit);
    } catch (error) {
      if (signal.aborted) await endCommand(functions, tag);
      throw connectError(error, "exec", label);
    }
  });
}

/**
 * Ends every process that carries the tag. On hosts without `/proc`, a command ends only if the author's function ends it when its signal is aborted.
 */
export async function endCommand(functions: CustomFunctions, tag: string): Promise<void> {
  const ended = (async () =>
    functions.exec(`${commandLine(shell(endTagged(tag)))} < /dev/null`, { signal: AbortSignal.timeout(endTimeout) }))();
  await settledWithin(ended, endTimeout);
}

function joined(stdin: ExecOptions["stdin"]): Uint8Array {
  if (stdin === undefined) return new Uint8Array(0);
  return stdin instanceof Uint8Array ? stdin : Buffer.concat(stdin);
}

function limited(result: CustomResult, outputLimit: number | undefined): ExecResult {
  checkResult(result);
  const { exitCode, signal = null, stdout, stderr } = result;
  const out = stdout.subarray(0, outputLimit ?? hostLimits.execStdout);
  const err = stderr.subarray(0, outputLimit ?? hostLimits.execStderr);
  const truncated = out.length < stdout.length || err.length < stderr.length;
  return { exitCode, signal, stdout: out, stderr: err, ...(truncated ? { truncated } : {}) };
}

function checkResult(result: CustomResult): void {
  if (typeof result !== "object" || result === null) throw new InvalidArgumentError("result of exec", "an object");
  const { exitCode, stdout, stderr } = result;
  if (exitCode !== null && !Number.isInteger(exitCode)) throw new InvalidArgumentError("exitCode of exec's result", "an integer or null");
  if (!(stdout instanceof Uint8Array)) throw new InvalidArgumentError("stdout of exec's result", "a Uint8Array");
  if (!(stderr instanceof Uint8Array)) throw new InvalidArgumentError("stderr of exec's result", "a Uint8Array");
}
