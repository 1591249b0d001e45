/* What the wire costs against the least that any wire could cost, side by side in one run. `node bench/protocol.ts` */
import { crc32 as zlibCrc32 } from "node:zlib";
import { decodeFrame, decodeValue, encodeFrame, encodeValue, FrameDecoder, useCrc32, parseHeader } from "../packages/protocol/src/index.ts";
import { crc32Portable } from "../packages/protocol/src/crc32.ts";

function once(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

const rows: { what: string; ms: string; against: string; "floor ms": string; ratio: string }[] = [];

/** Both in turn, so that a busy machine slows both, and the best of each, after a few runs that let the compiler settle. */
function compare(what: string, work: () => unknown, against: string, floor: () => unknown, runs = 15): void {
  let best = Infinity;
  let bestFloor = Infinity;
  for (let run = -3; run < runs; run++) {
    const floorTime = once(floor);
    const workTime = once(work);
    if (run < 0) continue;
    best = Math.min(best, workTime);
    bestFloor = Math.min(bestFloor, floorTime);
  }
  rows.push({ what, ms: best.toFixed(2), against, "floor ms": bestFloor.toFixed(2), ratio: (best / bestFloor).toFixed(2) });
}

const objects = Array.from({ length: 10_000 }, (_, index) => ({
  id: index,
  name: `item ${index}`,
  price: index / 7,
  active: index % 2 === 0,
  tags: ["a", "b"],
  parent: null,
}));
const json = JSON.stringify(objects);
const headerText = `{"type":"x","value":{"json":${json}}}`;
const headerBytes = new TextEncoder().encode(headerText);
const decoder = new TextDecoder();

compare(
  "encodeValue + JSON.stringify, 10,000 small objects",
  () => JSON.stringify(encodeValue(objects, "return", [])),
  "JSON.stringify",
  () => JSON.stringify(objects),
);
compare(
  "parseHeader, the same",
  () => parseHeader(headerBytes),
  "TextDecoder + JSON.parse",
  () => JSON.parse(decoder.decode(headerBytes)) as unknown,
);
compare(
  "parseHeader, the same",
  () => parseHeader(headerBytes),
  "JSON.parse alone",
  () => JSON.parse(headerText) as unknown,
);

const roundTrip = (value: unknown): unknown => {
  const attachments: Uint8Array[] = [];
  const chunks = encodeFrame(JSON.stringify({ type: "x", value: encodeValue(value, "return", attachments) }), attachments);
  const frames = new FrameDecoder();
  for (const chunk of chunks) frames.push(chunk);
  const frame = frames.next()!;
  return decodeValue(frame.header["value"], frame.attachments, { depth: frame.depth });
};
compare(
  "value to frame to value, 10,000 small objects",
  () => roundTrip(objects),
  "JSON.stringify + JSON.parse",
  () => JSON.parse(JSON.stringify(objects)) as unknown,
);
useCrc32(zlibCrc32);
compare(
  "the same with zlib's crc32",
  () => roundTrip(objects),
  "JSON.stringify + JSON.parse",
  () => JSON.parse(JSON.stringify(objects)) as unknown,
);
const dated = objects.map((object) => ({ ...object, at: new Date(0), big: 1n }));
compare(
  "the same with a Date and a bigint in each",
  () => roundTrip(dated),
  "JSON.stringify + JSON.parse (as text)",
  () => JSON.parse(JSON.stringify(dated, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item))) as unknown,
  7,
);

const array = new Float64Array(8_388_608).map((_, index) => index / 3);
const copy = new Float64Array(array.length);
const memcpy = (): void => copy.set(array);
const encodeArray = (): Uint8Array[] => {
  const attachments: Uint8Array[] = [];
  return encodeFrame(JSON.stringify({ type: "x", value: encodeValue(array, "return", attachments) }), attachments);
};
const chunks = encodeArray();
const whole = new Uint8Array(Buffer.concat(chunks));
const decodeArray = (): unknown => {
  const frame = decodeFrame(whole);
  return decodeValue(frame.header["value"], frame.attachments);
};
compare("encode a Float64Array of 64 MiB, zlib's crc32", encodeArray, "memcpy", memcpy, 7);
compare("decode it from one buffer, zlib's crc32", decodeArray, "memcpy", memcpy, 7);
compare(
  "decode it from chunks of 64 KiB, zlib's crc32",
  () => {
    const frames = new FrameDecoder();
    for (let at = 0; at < whole.length; at += 65_536) {
      frames.push(whole.subarray(at, at + 65_536));
      const frame = frames.next();
      if (frame !== undefined) return decodeValue(frame.header["value"], frame.attachments);
    }
    throw new Error("no frame");
  },
  "memcpy",
  memcpy,
  7,
);
useCrc32(crc32Portable);
compare("encode it, portable crc32", encodeArray, "memcpy", memcpy, 5);
const bytes = new Uint8Array(array.buffer);
compare(
  "crc32 of 64 MiB, portable",
  () => crc32Portable(bytes),
  "zlib.crc32",
  () => zlibCrc32(bytes),
  5,
);

console.table(rows);
