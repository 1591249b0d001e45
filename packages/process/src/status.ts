import { constants } from "node:os";
import type { Signal } from "./watchdog.ts";
import type { ExitStatus } from "./started-process.ts";

/**
 * A shell between us and the command tells a signal as 128 and its number. Only where we have sent that very signal is that read as one: a
 * command may exit with any status of its own.
 */
export function decodeStatus({ exitCode, signal }: ExitStatus, sent: Signal | undefined): ExitStatus {
  if (exitCode === null || sent === undefined || exitCode !== 128 + constants.signals[sent]) return { exitCode, signal };
  return { exitCode: null, signal: sent };
}
