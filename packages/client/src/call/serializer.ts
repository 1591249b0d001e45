import {
  type Attachments,
  type DecodeOptions,
  decodeValue,
  type EncodeOptions,
  encodeValue,
  InvalidArgumentError,
  type WireValue,
} from "@sremote/protocol";

/**
 * Turns values into the wire's form and back. The default covers the table in docs/values.md; another one may, for instance, accept
 * classes of your own by turning them into plain objects first. What it makes must still be the wire's form (PROTOCOL.md, *Values*): the host reads it.
 */
export interface Serializer {
  /** @param root how errors name the value: `args`, `kwargs`; attachments are appended to the list */
  encode(value: unknown, root: string, attachments: Uint8Array[], hooks?: EncodeHooks): WireValue;
  decode(value: WireValue, attachments: Attachments, hooks?: DecodeHooks): unknown;
}

/** What only a session can carry: callbacks and objects that stay on the host. To be handed on to `encodeValue`. */
export type EncodeHooks = Pick<EncodeOptions, "custom">;
/** To be handed on to `decodeValue`. */
export type DecodeHooks = Pick<DecodeOptions, "custom">;

/** @throws InvalidArgumentError */
export function checkSerializer(name: string, value: unknown): asserts value is Serializer {
  const { encode, decode } = (value ?? {}) as Partial<Serializer>;
  if (typeof encode !== "function" || typeof decode !== "function") {
    throw new InvalidArgumentError(name, "an object with the functions encode and decode");
  }
}

export const defaultSerializer: Serializer = {
  encode: (value, root, attachments, hooks) => encodeValue(value, root, attachments, hooks),
  decode: (value, attachments, hooks) => decodeValue(value, attachments, { ...hooks, root: "return" }),
};
