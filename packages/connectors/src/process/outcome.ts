/* The end of a process together with what its streams yielded. */
import { ConnectError, SremoteError } from "@sremote/protocol";
import type { SpawnedProcess } from "../connector.ts";
import { settledWithin } from "../deadline.ts";
import type { OperationPlace } from "../deadline.ts";

/** How long a broken stream waits for `exit` to say why. */
const explanation = 1000;

/**
 * Waits for the process's exit and for the work on its streams; the first failure counts. A stream that breaks off is most often a lost
 * link seen from aside, so the reason given by `exit` takes precedence over it.
 */
export async function outcome<T>(
  process: SpawnedProcess,
  work: Promise<T>,
  place: OperationPlace,
): Promise<{ exitCode: number | null; signal: string | null; value: T }> {
  try {
    const [end, value] = await Promise.all([process.exit, work]);
    return { exitCode: end.exitCode, signal: end.signal, value };
  } catch (error) {
    if (error instanceof SremoteError) throw error;
    if (await settledWithin(process.exit, explanation)) await process.exit;
    throw new ConnectError("connection-lost", `${place.stage}: the command's streams broke off`, {
      stage: place.stage,
      host: place.label,
      cause: error,
    });
  }
}
