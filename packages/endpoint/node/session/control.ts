/* What supervisor and worker tell each other beside the packets of calls: packets of the kind `hello`, which never leave the host. */
import { encodePacket, packetKinds } from "@sremote/protocol";

export interface Control {
  /** From the worker: it runs, and takes calls. */
  ready?: true;
  /** From the worker: a function started processes, which may write to its pipes after the call. Comes before the last `data`. */
  processes?: true;
  /** From the worker: it takes the call it may have been given already, and then no more. */
  ending?: true;
  /** From the worker, between calls: whether it still holds objects or results. */
  holds?: boolean;
  /** To the worker: named pipes to take as stdout and stderr. From the worker, without them: it has done so. */
  pipes?: readonly [stdout: string, stderr: string] | true;
}

export function encodeControl(control: Control): Uint8Array[] {
  return encodePacket(packetKinds.hello, 0, [Buffer.from(JSON.stringify(control))]);
}

export function decodeControl(payload: Uint8Array): Control {
  // Made by this very program in the other process.
  const control: Control = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("utf8"));
  return control;
}
