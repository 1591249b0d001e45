import { EventEmitter } from "node:events";
import { Duplex, PassThrough } from "node:stream";
import { hostLimits } from "@sremote/protocol";
import type { Client } from "ssh2";
import { describe, expect, test } from "vitest";
import { limitHost } from "./host-limits.ts";

/** What ssh2's client is to the limits. */
function made(): {
  client: Client & { taken: number };
  socket: PassThrough;
  errors: unknown[];
  data: (length: number, stderr?: boolean) => void;
  window: { window: number; packetSize: number };
} {
  const window = { window: 2 << 20, packetSize: 32_768 };
  let taken = 0;
  const take = (_: unknown, _recipient: unknown, data: Uint8Array): void => {
    taken += data.length;
    window.window -= data.length;
  };
  const handlers: Record<string, (...given: never[]) => void> = {
    CHANNEL_DATA: take,
    CHANNEL_EXTENDED_DATA: take,
    GLOBAL_REQUEST: () => (taken += 1),
  };
  const client = Object.assign(new EventEmitter(), { _protocol: { _handlers: handlers }, _chanMgr: { get: () => ({ incoming: window }) } });
  Object.defineProperty(client, "taken", { get: () => taken });
  const errors: unknown[] = [];
  client.on("error", (error) => errors.push(error));
  const socket = new PassThrough();
  limitHost(client as unknown as Client, socket, "ssh://host");
  const data = (length: number, stderr = false): void =>
    handlers[stderr ? "CHANNEL_EXTENDED_DATA" : "CHANNEL_DATA"]!(...([undefined, 0, new Uint8Array(length), 1] as never[]));
  return { client: client as unknown as Client & { taken: number }, socket, errors, data, window };
}

const ignored = { code: "limit-exceeded", message: expect.stringContaining("ignores the window") as string };

describe("G11 G20 a host over SSH", () => {
  test.each([
    ["one byte less than a channel's window", -1, []],
    ["all of it", 0, []],
    ["one byte more", 1, [ignored]],
  ])("may send %s on both outputs together", (_, step, expected) => {
    const { client, socket, errors, data, window } = made();
    window.window = 50_000;
    data(30_000);
    data(20_000 + step, true);
    expect(errors).toMatchObject(expected);
    expect(client.taken).toBe(step > 0 ? 30_000 : 50_000 + step);
    expect(socket.destroyed).toBe(step > 0);
  });

  test.each([
    [32_767, []],
    [32_768, []],
    [32_769, [ignored]],
  ])("may send %i bytes in one packet, or is at its end", (length, expected) => {
    const { errors, data } = made();
    data(length);
    expect(errors).toMatchObject(expected);
    data(1);
    expect(errors).toHaveLength(expected.length);
  });

  test.each([
    ["one byte less", -1, 0],
    ["exactly as much", 0, 0],
    ["one byte more", 1, 1],
  ])("may send %s than the limit until it lets us in", async (_, step, expected) => {
    const { errors, socket } = made();
    for (const length of [hostLimits.handshake - 10, 10 + step]) {
      socket.write(Buffer.alloc(length));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(errors).toHaveLength(expected);
  });

  test.each([
    ["one byte less", -1, 0],
    ["exactly as much", 0, 0],
    ["one byte more", 1, 1],
  ])("may leave %s of our answers unread than the limit; what the caller sends does not count", async (_, step, expected) => {
    const errors: unknown[] = [];
    let own = 0;
    const protocol = {
      _handlers: { CHANNEL_DATA: () => {}, CHANNEL_EXTENDED_DATA: () => {}, GLOBAL_REQUEST: () => {} },
      channelData: (_id: number, data: Uint8Array) => void socket.write(data),
    };
    const client = Object.assign(new EventEmitter(), { _protocol: protocol, _chanMgr: { get: () => undefined } });
    client.on("error", (error) => errors.push(error));
    // One that takes nothing, as where the other side does not read.
    const socket = new Duplex({ read: () => {}, write: () => {} });
    let answer = 0;
    // As ssh2, which reads first.
    socket.on("data", () => {
      socket.write(Buffer.alloc(answer));
      if (own > 0) protocol.channelData(0, new Uint8Array(own));
    });
    limitHost(client as unknown as Client, socket, "ssh://host");
    client.emit("ready");
    const hear = async (answered: number, sent: number): Promise<void> => {
      [answer, own] = [answered, sent];
      socket.push("x");
      await new Promise((resolve) => setImmediate(resolve));
    };
    await hear(1000, 0);
    await hear(0, 10 * hostLimits.unsent);
    await hear(hostLimits.unsent - 1000 + step, 0);
    expect(errors).toHaveLength(expected);
  });

  test("has no limit of bytes once it has let us in", async () => {
    const { client, errors, socket } = made();
    client.emit("ready");
    socket.write(Buffer.alloc(2 * hostLimits.handshake));
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual([]);
  });

  test("cannot make us keep lists of host keys", () => {
    const { client } = made();
    const { GLOBAL_REQUEST: request } = (client as unknown as { _protocol: { _handlers: Record<string, (...given: unknown[]) => void> } })[
      "_protocol"
    ]["_handlers"];
    request!(undefined, "hostkeys-00@openssh.com", false, new Uint8Array(30_000));
    expect(client.taken).toBe(0);
    request!(undefined, "keepalive@openssh.com", true);
    expect(client.taken).toBe(1);
  });
});
