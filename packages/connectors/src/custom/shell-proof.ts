/* Whether the host's shell runs what it is given, before anything goes to its standard input. */
import { commandLine } from "../command-line.ts";
import { shell } from "../connector.ts";
import { orAborted } from "../deadline.ts";
import { newMarker, notStarted } from "../process/index.ts";
import type { CustomFunctions } from "./functions.ts";

const proved = new WeakSet<CustomFunctions>();

/**
 * A function that runs a command to its end gets its input whole, so the input cannot wait for the command's start. Instead, one command
 * without any shows first that the shell runs commands: once for each connector.
 *
 * @throws ConnectError when it does not
 */
export async function proveShell(functions: CustomFunctions, signal: AbortSignal): Promise<void> {
  if (proved.has(functions)) return;
  const { first, second, printed } = newMarker();
  const line = commandLine(shell(`printf %s%s ${second} ${first}`));
  const { exitCode, stdout, stderr } = await orAborted(
    (async () => functions.exec(`${line} < /dev/null`, { signal, ...(functions.acceptsStdin === true && { stdin: new Uint8Array(0) }) }))(),
    signal,
  );
  const output = Buffer.from(stdout);
  if (!output.includes(printed))
    throw notStarted(`; it ended with ${exitCode}`, output.subarray(-8192), Buffer.from(stderr).subarray(-8192), functions.label);
  proved.add(functions);
}
