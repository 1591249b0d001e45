/* 64 MiB there and back in one call. */
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { connectBare, openChannel } from "./bare.ts";
import { Exchange } from "./exchange.ts";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";
import { interleaved, median } from "./statistics.ts";

const mebibytes = 64;
const size = mebibytes * 2 ** 20;
const rounds = 7;

/** Reads a length and that many bytes, and writes them back. */
export const echoProgram = `import sys
i, o = sys.stdin.buffer, sys.stdout.buffer
for head in iter(lambda: i.read(8), b""):
    o.write(i.read(int.from_bytes(head, "little")))
    o.flush()`;

export function lengthOf(bytes: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(bytes));
  return head;
}

/** MiB in a second, each byte counted once although it travels twice. */
const speed = (milliseconds: number): number => (mebibytes / milliseconds) * 1000;

const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): Buffer => Buffer.from(buffer, byteOffset, byteLength);

export async function measureBulk(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const content = randomFillSync(new Uint8Array(size));
  const array = new Float64Array(size / 8).map((_, index) => index / 3);
  const bare = stack.adopt(await connectBare(setting.lab, setting.account), (client) => void client.end());
  const channel = await openChannel(bare, `${hostPython} -c '${echoProgram}'`);
  const echo = new Exchange(channel, channel);
  const client = stack.use(setting.client());
  // typing.cast gives its second argument back as it is.
  const echoed = async (sent: Uint8Array | Float64Array): Promise<number> => {
    const begin = performance.now();
    const { value } = await client.doRemoteCall("typing", "cast", [0, sent]);
    const time = performance.now() - begin;
    assert(value instanceof Uint8Array || value instanceof Float64Array);
    assert.equal(value.constructor, sent.constructor);
    assert(bytesOf(value).equals(bytesOf(sent)));
    return speed(time);
  };
  const peers = await setting.peers(["mitogen", "execnet"]);
  const compressing = await setting.peers(["execnet"]);
  for (const peer of [...peers, ...compressing]) stack.use(peer);
  for (const peer of peers) await peer.open();
  for (const peer of compressing) await peer.open({ compression: true });
  const rates = await interleaved(
    {
      floor: async () => {
        const begin = performance.now();
        await echo.ask(lengthOf(size), 0);
        const answer = await echo.ask(content, size);
        const time = performance.now() - begin;
        assert(Buffer.concat(answer).equals(content));
        return speed(time);
      },
      bytes: () => echoed(content),
      array: () => echoed(array),
      ...Object.fromEntries(peers.map((peer) => [peer.name, async () => speed(await peer.echo(size))])),
      ...Object.fromEntries(compressing.map((peer) => [`${peer.name}, compressing`, async () => speed(await peer.echo(size))])),
    },
    { rounds, warmUp: 1, optional: (row) => !["floor", "bytes", "array"].includes(row) },
  );
  const rate = (name: string): number | undefined => (rates.has(name) ? median(rates.get(name)!) : undefined);
  const floor = rate("floor")!;
  const compared = [...against("floor", floor, { atLeast: 0.7 }), ...["mitogen", "execnet"].flatMap((name) => against(name, rate(name)))];
  return [
    { name: `${mebibytes} MiB echoed by bare Python over one ssh2 channel (floor)`, value: floor, unit: "MiB/s", role: "floor" },
    { name: `${mebibytes} MiB of bytes echoed by a call`, value: rate("bytes")!, unit: "MiB/s", role: "headline", compared },
    { name: `${mebibytes} MiB of float64 array echoed by a call`, value: rate("array")!, unit: "MiB/s", role: "headline", compared },
    ...[...rates.keys()]
      .filter((name) => !["floor", "bytes", "array"].includes(name))
      .map((name): Figure => ({ name: `${name}, bytes`, value: rate(name)!, unit: "MiB/s", compared: against("floor", floor) })),
  ];
}
