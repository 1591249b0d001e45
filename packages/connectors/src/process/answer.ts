/* What the scripts on the host print, and what it means. */
import { TransferError } from "@sremote/protocol";
import { codeOfMessage, shownPath } from "../transfer/error.ts";
import type { OperationPlace } from "../deadline.ts";
import type { Marker } from "./marker.ts";

/** One answer: a status word and the rest. */
export interface Answer {
  readonly status: string;
  readonly detail: string;
}

/** The last answer in what the host printed, or undefined. */
export function lastAnswer(output: Uint8Array, marker: Marker): Answer | undefined {
  const text = Buffer.from(output.buffer, output.byteOffset, output.length).toString("latin1");
  const at = text.lastIndexOf(`${marker.printed} `);
  if (at < 0) return undefined;
  const [status = "", ...rest] = text.slice(at + marker.printed.length + 1).split(" ");
  const detail = Buffer.from(rest.join(" "), "latin1").toString("utf8").trim();
  return { status: status.trim(), detail };
}

/** The error for an answer other than success, or for none. */
export function answerError(answer: Answer | undefined, remotePath: string, place: OperationPlace, lastLines: string): TransferError {
  const about = { stage: place.stage, host: place.label };
  const shown = shownPath(remotePath);
  switch (answer?.status) {
    case "no-such-file":
      return new TransferError("no-such-file", `the directory of ${shown} does not exist`, about);
    case "not-a-file":
      return new TransferError("not-a-file", `${shown} is not a regular file`, about);
    case "no-digest":
      return new TransferError("transfer-failed", `${shown} cannot be verified: the host has no tool that computes SHA-256`, {
        ...about,
        hint: "one of sha256sum, shasum, openssl or python3 must be on the PATH of a non-interactive shell",
      });
    case "size":
      return new TransferError("transfer-failed", `${shown}: the host got ${answer.detail} bytes, not all that were sent`, about);
    case "digest":
      return new TransferError("transfer-failed", `${shown}: the SHA-256 on the host is not that of what was sent`, about);
    case "error": {
      // Shells put their own name and line number before the message.
      const said = answer.detail.slice(0, 500);
      return new TransferError(codeOfMessage(said), `${place.stage} ${shown}: ${said}`, about);
    }
    default:
      return new TransferError("transfer-failed", `${place.stage} ${shown}: the host gave no answer`, {
        ...about,
        lastLines: lastLines === "" ? undefined : lastLines,
      });
  }
}
