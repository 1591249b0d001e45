/* How a process is ended whose result is no longer wanted. */
import { settledWithin } from "../deadline.ts";
import type { SpawnedProcess } from "../connector.ts";

/** After SIGTERM a command has this long to clean up. */
const termGrace = 1000;
/** After SIGKILL the link has this long to report the end; a dead link never will. */
const killGrace = 2000;

/**
 * Ends a process: its input is closed, SIGTERM, then SIGKILL, then it is disposed of. Bounded in time and never rejects:
 * the caller already has an error to report, and a link that is gone cannot confirm anything.
 * @returns whether the process ended by itself or by SIGTERM, so that its own cleaning up was done
 */
export async function endProcess(process: SpawnedProcess): Promise<boolean> {
  process.stdin.on("error", ignore).destroy();
  // It is no longer read, and a process that waits for its output to be read would not end.
  process.stdout.on("error", ignore).resume();
  process.stderr.on("error", ignore).resume();
  await settledWithin(process.kill("SIGTERM"), termGrace);
  const clean = await settledWithin(process.exit, termGrace);
  if (!clean) {
    await settledWithin(process.kill("SIGKILL"), killGrace);
    await settledWithin(process.exit, killGrace);
  }
  await settledWithin(Promise.resolve(process[Symbol.asyncDispose]()), killGrace);
  return clean;
}

function ignore(): void {}
