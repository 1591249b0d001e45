import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startProxy } from "./proxy.ts";
import type { Direction, Proxy } from "./proxy.ts";

let listener: Server;
let proxy: Proxy;
const opened: Socket[] = [];

beforeEach(async () => {
  listener = createServer({ allowHalfOpen: true });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  proxy = await startProxy({ host: "127.0.0.1", port: (listener.address() as AddressInfo).port });
});
afterEach(async () => {
  await proxy.stop();
  for (const socket of opened.splice(0)) socket.destroy();
  listener.close();
  await once(listener, "close");
});

/** One end of a connection and what has arrived there. */
class End {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    opened.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
  }

  async has(bytes: number): Promise<Buffer> {
    while (this.received.length < bytes) await once(this.socket, "data");
    return this.received;
  }
}

async function openPair(): Promise<{ client: End; server: End }> {
  const accepted = once(listener, "connection");
  const client = new End(connect({ host: proxy.address, port: proxy.port, allowHalfOpen: true }));
  const [socket] = (await accepted) as [Socket];
  return { client, server: new End(socket) };
}

type Pair = Awaited<ReturnType<typeof openPair>>;
const sender = (pair: Pair, direction: Direction): End => (direction === "to-server" ? pair.client : pair.server);
const receiver = (pair: Pair, direction: Direction): End => (direction === "to-server" ? pair.server : pair.client);
const opposite = (direction: Direction): Direction => (direction === "to-server" ? "to-client" : "to-server");
const directions: readonly Direction[] = ["to-server", "to-client"];
const numbered = (size: number): Buffer => Buffer.from(Array.from({ length: size }, (_, index) => (index * 7919) >>> 5));

/** So many turns of the event loop that all which may pass has passed: sockets of one process on loopback need two or three. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await setImmediate();
}

describe("an undisturbed proxy", () => {
  test("carries every byte in both directions, and counts them", async () => {
    const pair = await openPair();
    const content = numbered(3_000_001);
    for (const direction of directions) {
      sender(pair, direction).socket.write(content);
      expect((await receiver(pair, direction).has(content.length)).equals(content), direction).toBe(true);
      expect(proxy.carriedIn(direction)).toBe(content.length);
    }
    expect(proxy.carried).toBe(2 * content.length);
    expect(proxy.accepted).toBe(1);
  });

  test("lets one side end and the other still answer", async () => {
    const { client, server } = await openPair();
    const ended = once(server.socket, "end");
    client.socket.end("question");
    await ended;
    expect(server.received.toString()).toBe("question");
    const closed = once(client.socket, "close");
    server.socket.end(numbered(500_000));
    await closed;
    expect(client.received.equals(numbered(500_000))).toBe(true);
  });

  test("passes a reset on as a reset", async () => {
    const { client, server } = await openPair();
    const failed = once(server.socket, "error");
    client.socket.resetAndDestroy();
    expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
  });
});

test("cut resets both ends and new connections, until restore", async () => {
  const { client, server } = await openPair();
  const ends = [once(client.socket, "error"), once(server.socket, "error")];
  proxy.cut();
  for (const failed of ends) expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
  const [refused] = await once(connect(proxy.port, proxy.address), "error");
  expect(refused).toMatchObject({ code: "ECONNRESET" });
  proxy.restore();
  const again = await openPair();
  again.client.socket.write("x");
  await again.server.has(1);
});

test("blackhole carries neither bytes nor ends of connections; restore brings them", async () => {
  const { client, server } = await openPair();
  const idle = await openPair();
  proxy.blackhole();
  server.socket.write("answer");
  client.socket.end("question");
  const idleEnded = once(idle.server.socket, "end");
  idle.client.socket.end();
  await settle();
  expect([server.received.length, client.received.length, idle.server.socket.readableEnded]).toEqual([0, 0, false]);
  const ended = once(server.socket, "end");
  proxy.restore();
  await Promise.all([ended, idleEnded]);
  expect(server.received.toString()).toBe("question");
  expect((await client.has(6)).toString()).toBe("answer");
});

test("a connection made to a blackhole is accepted and stays silent", async () => {
  proxy.blackhole();
  const { client, server } = await openPair();
  client.socket.write("x");
  await settle();
  expect(server.received.length).toBe(0);
  proxy.restore();
  await server.has(1);
});

test("strand leaves the connections there are without a byte, whatever comes after, and carries new ones", async () => {
  const old = await openPair();
  proxy.strand();
  old.server.socket.write("answer");
  old.client.socket.write("question");
  proxy.restore();
  const { client, server } = await openPair();
  client.socket.write("x");
  await server.has(1);
  await settle();
  expect([old.server.received.length, old.client.received.length]).toEqual([0, 0]);
});

describe.each(directions)("%s", (direction) => {
  test("halfOpen carries this direction and not the other", async () => {
    const pair = await openPair();
    proxy.halfOpen(direction);
    sender(pair, opposite(direction)).socket.write("held");
    sender(pair, direction).socket.write("passes");
    expect((await receiver(pair, direction).has(6)).toString()).toBe("passes");
    await settle();
    expect(receiver(pair, opposite(direction)).received.length).toBe(0);
    expect(proxy.carriedIn(opposite(direction))).toBe(0);
    proxy.restore();
    expect((await receiver(pair, opposite(direction)).has(4)).toString()).toBe("held");
  });

  test("flipBit changes one bit of one byte, once", async () => {
    const pair = await openPair();
    const content = numbered(200_000);
    sender(pair, direction).socket.write("1234");
    await receiver(pair, direction).has(4);
    proxy.flipBit(direction, 123_456, 3);
    sender(pair, direction).socket.write(content);
    sender(pair, opposite(direction)).socket.write(content);
    const arrived = (await receiver(pair, direction).has(4 + content.length)).subarray(4);
    const wrong = [...arrived.keys()].filter((at) => arrived[at] !== content[at]);
    expect(wrong).toEqual([123_456]);
    expect(arrived[123_456]! ^ content[123_456]!).toBe(0b1000);
    expect((await receiver(pair, opposite(direction)).has(content.length)).equals(content)).toBe(true);
  });

  test("slow takes the time it should in this direction, and none in the other", async () => {
    const pair = await openPair();
    proxy.slow(100_000, direction);
    // At that speed it would take more than this test may.
    const much = numbered(8_000_000);
    sender(pair, opposite(direction)).socket.write(much);
    await receiver(pair, opposite(direction)).has(much.length);
    const begin = performance.now();
    sender(pair, direction).socket.write(numbered(50_000));
    await receiver(pair, direction).has(50_000);
    // The last piece arrives before its time is over.
    expect(performance.now() - begin).toBeGreaterThan(450);
    sender(pair, direction).socket.write(much);
    proxy.restore();
    expect((await receiver(pair, direction).has(50_000 + much.length)).subarray(50_000).equals(much)).toBe(true);
  });

  test("afterBytes calls back at exactly that byte of this direction, and what follows meets the fault", async () => {
    const pair = await openPair();
    const { promise, resolve } = Promise.withResolvers<number>();
    const stall = (): void => {
      proxy.blackhole();
      resolve(proxy.carriedIn(direction));
    };
    proxy.afterBytes(12_345, stall, direction);
    sender(pair, opposite(direction)).socket.write(numbered(50_000));
    await receiver(pair, opposite(direction)).has(50_000);
    expect(proxy.carriedIn(direction)).toBe(0);
    sender(pair, direction).socket.write(numbered(50_000));
    expect(await promise).toBe(12_345);
    await receiver(pair, direction).has(12_345);
    await settle();
    expect(receiver(pair, direction).received.length).toBe(12_345);
    proxy.restore();
    expect((await receiver(pair, direction).has(50_000)).equals(numbered(50_000))).toBe(true);
  });
});

test("afterBytes counts both directions together when none is named", async () => {
  const { client, server } = await openPair();
  client.socket.write(numbered(1000));
  await server.has(1000);
  const { promise, resolve } = Promise.withResolvers<number>();
  proxy.afterBytes(700, () => resolve(proxy.carried));
  client.socket.write(numbered(500));
  server.socket.write(numbered(500));
  expect(await promise).toBe(1700);
});

test("a delay holds each chunk back, and shortening it changes no order", async () => {
  const { client, server } = await openPair();
  proxy.setDelay(200);
  const begin = performance.now();
  client.socket.write("slow, ");
  await settle();
  proxy.setDelay(0);
  client.socket.write("fast");
  expect((await server.has(10)).toString()).toBe("slow, fast");
  // A timer may fire up to a millisecond early.
  expect(performance.now() - begin).toBeGreaterThanOrEqual(199);
});
