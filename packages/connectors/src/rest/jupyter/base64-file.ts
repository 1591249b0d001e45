/* A file as the contents API takes it: base64 within JSON, encoded as it is sent. */
import type { Content } from "../content.ts";
import type { Encoded } from "../encode.ts";

const head = Buffer.from('{"type":"file","format":"base64","content":"');
const tail = Buffer.from('"}');

export function base64File(content: Content): Encoded {
  const body: Content = {
    size: head.length + 4 * Math.ceil(content.size / 3) + tail.length,
    async *chunks() {
      yield head;
      let rest: Buffer = Buffer.alloc(0);
      for await (const chunk of content.chunks()) {
        const all = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
        const whole = all.length - (all.length % 3);
        if (whole > 0) yield Buffer.from(all.toString("base64", 0, whole), "latin1");
        rest = Buffer.from(all.subarray(whole));
      }
      if (rest.length > 0) yield Buffer.from(rest.toString("base64"), "latin1");
      yield tail;
    },
  };
  return { body, headers: { "content-type": "application/json" } };
}
