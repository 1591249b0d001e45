/* Telling a caller's function of progress. */
import { TransferError } from "@sremote/protocol";
import type { TransferOptions } from "./connector.ts";
import type { OperationPlace } from "./deadline.ts";

/** What the function throws ends the transfer, and is told as what it is: not as a lost link. @throws TransferError */
export function tellProgress(onProgress: TransferOptions["onProgress"], bytes: number, place: OperationPlace): void {
  try {
    onProgress?.(bytes);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new TransferError("transfer-failed", `${place.stage}: options.onProgress threw: ${said}`, {
      stage: place.stage,
      host: place.label,
      cause,
    });
  }
}
