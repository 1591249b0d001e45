/* How an endpoint that cannot answer ends: PROTOCOL.md, "Carriage". */
import { type Code, SremoteError } from "@sremote/protocol";
import { Undelivered } from "./spool/deliver.ts";
import { errorCode } from "./host/directory.ts";
import { isNoSpace } from "./host/files.ts";

/** The same as the Python endpoint's. What a function does with its own process never becomes one of them. */
export const exitStatus = {
  failed: 90,
  usage: 91,
  file: 92,
  undelivered: 93,
  conflict: 94,
  unsafeDirectory: 97,
  noSpace: 98,
  noCode: 99,
} as const;
const refusals: Readonly<Partial<Record<Code, number>>> = {
  "unsafe-directory": exitStatus.unsafeDirectory,
  "call-conflict": exitStatus.conflict,
  "code-missing": exitStatus.noCode,
};

export function describeEnd(error: unknown): [message: string, status: number] {
  if (error instanceof Undelivered) {
    // The status for a full disk says that nothing ran.
    const status = isNoSpace(error.cause) && !error.isClaimed ? exitStatus.noSpace : exitStatus.undelivered;
    return [`the reply cannot be delivered: ${error.message}`, status];
  }
  if (error instanceof SremoteError) return [error.message, refusals[error.code] ?? exitStatus.failed];
  if (!(error instanceof Error)) return [String(error), exitStatus.failed];
  if (isNoSpace(error)) return [error.message, exitStatus.noSpace];
  return errorCode(error) === undefined ? [error.stack ?? error.message, exitStatus.failed] : [error.message, exitStatus.file];
}
