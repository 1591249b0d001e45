import { type Attachments, decodeValue, encodeValue, InvalidArgumentError, type WireValue } from "@sremote/protocol";

/**
 * Turns values into the wire's form and back. The default covers the table in docs/values.md; another one may, for instance, accept
 * classes of your own by turning them into plain objects first. What it makes must still be the wire's form (PROTOCOL.md, *Values*): the host reads it.
 */
export interface Serializer {
  /** @param root how errors name the value: `args`, `kwargs`; attachments are appended to the list */
  encode(value: unknown, root: string, attachments: Uint8Array[]): WireValue;
  decode(value: WireValue, attachments: Attachments): unknown;
}

/** @throws InvalidArgumentError */
export function checkSerializer(name: string, value: unknown): asserts value is Serializer {
  const { encode, decode } = (value ?? {}) as Partial<Serializer>;
  if (typeof encode !== "function" || typeof decode !== "function") {
    throw new InvalidArgumentError(name, "an object with the functions encode and decode");
  }
}

export const defaultSerializer: Serializer = {
  encode: (value, root, attachments) => encodeValue(value, root, attachments),
  decode: (value, attachments) => decodeValue(value, attachments, { root: "return" }),
};
