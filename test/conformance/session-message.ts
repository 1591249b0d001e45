/* Messages of sessions as those read them whom they are for, with the values that only sessions have. */
import type { SessionMessage, WireValue } from "@sremote/protocol";
import { decodeResult } from "../../packages/client/src/object/decode-result.ts";
import { SessionValues } from "../../packages/endpoint/node/session/invoke.ts";
import type { Objects, Results } from "../../packages/endpoint/node/session/objects.ts";
import type { Codec } from "./check-vector.ts";
import { Kept } from "./notation.ts";

/** The value of `args`, or of `value`, where the message has one. @throws SremoteError */
export function readSessionMessage(codec: Codec, type: SessionMessage["type"], json: Uint8Array, parts: readonly Uint8Array[]): unknown {
  return readValues(codec, type, json, parts)[0];
}

/** The same, with the value of `kwargs` second. @throws SremoteError */
export function readValues(codec: Codec, type: SessionMessage["type"], json: Uint8Array, parts: readonly Uint8Array[]): unknown[] {
  const { header, depth } = codec.parseHeader(json);
  const message = codec.checkSessionMessage(header, type);
  const attachments = new codec.Attachments(parts);
  const plain = (value: WireValue, root: string): unknown => codec.decodeValue(value, attachments, { root, depth });
  switch (message.type) {
    case "invoke": {
      const values = new SessionValues(around());
      const args = values.decode(message.args, attachments, "args", depth);
      return message.kwargs === undefined ? [args] : [args, values.decode(message.kwargs, attachments, "kwargs", depth)];
    }
    case "ask": {
      const args = plain(message.args, "args");
      return message.kwargs === undefined ? [args] : [args, plain(message.kwargs, "kwargs")];
    }
    case "answer":
      return message.value === undefined ? [] : [plain(message.value, "answer")];
    case "result": {
      if (message.value === undefined) return [];
      const serializer = {
        encode: codec.encodeValue,
        decode: (value: WireValue, of: InstanceType<Codec["Attachments"]>, hooks: object | undefined): unknown =>
          codec.decodeValue(value, of, { ...hooks, root: "return", depth }),
      };
      return [decodeResult(message.value, attachments, serializer, (kind, id) => new Kept(kind, id))];
    }
    default:
      return [];
  }
}

/** A worker that has whatever is asked for. */
function around(): ConstructorParameters<typeof SessionValues>[0] {
  return {
    base: "",
    objects: { use: (id: unknown) => new Kept("object", id) } as unknown as Objects,
    onLoaded: () => undefined,
    results: { look: (stream: unknown) => new Kept("result", stream) } as unknown as Results,
    sendPart: () => undefined,
    callback: (id) => new Kept("callback", id) as never,
  };
}
