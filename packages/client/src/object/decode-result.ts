/* The values of a result, some of which may have stayed on the host. */
import type { Attachments, WireValue } from "@sremote/protocol";
import type { DecodeHooks, Serializer } from "../call/serializer.ts";

export type HeldKind = "object" | "iterator";

/** Decodes a result; `host` makes what stays on the host from its kind, id and type. */
export function decodeResult(
  value: WireValue,
  attachments: Attachments,
  serializer: Serializer,
  host: (kind: HeldKind, id: number, type: string) => unknown,
): unknown {
  const hooks: DecodeHooks = {
    custom: (name, { id, type }) => {
      if ((name !== "object" && name !== "iterator") || typeof id !== "number" || !Number.isSafeInteger(id)) return undefined;
      return host(name, id, typeof type === "string" ? type : "");
    },
  };
  return serializer.decode(value, attachments, hooks);
}
