import { ProtocolError } from "@sremote/protocol";

/** The host breaks the rules of flow, and so ends its session; not an answer that is too large, which costs its own call only. */
export class HostExcess extends ProtocolError {}

export function tooMuch(what: string): HostExcess {
  return new HostExcess("limit-exceeded", `the host ${what}`);
}
