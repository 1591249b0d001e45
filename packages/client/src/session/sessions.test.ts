/* Calls while their session starts, over a host that answers when it is told to. */
import { PassThrough } from "node:stream";
import type { Command, Connector, SpawnedProcess } from "@sremote/connectors";
import {
  ConnectError,
  encodeFrame,
  encodePacket,
  encodeSessionMessage,
  packetFlags,
  packetKinds,
  PacketReader,
  protocolVersion,
  type SremoteError,
} from "@sremote/protocol";
import { expect, it, vi } from "vitest";
import { RemoteClient } from "../remote-client.ts";
import { sessionPayloadOf } from "../host/launch.ts";

const host = {
  runtime: "node",
  version: "24.0.0",
  executable: "/node",
  platform: "linux",
  pid: 1,
  home: "/",
  base: "/b",
  endpoint: null,
} as const;

/** Gives what `spawn` is told for each start of a process: an error, or a host. */
function connectorOf(spawn: (start: number, command: readonly string[]) => Promise<SpawnedProcess>): {
  connector: Connector;
  starts: () => number;
} {
  let starts = 0;
  const unused = (): never => expect.unreachable();
  const close = async (): Promise<void> => undefined;
  const connector: Connector = {
    label: "scripted",
    acceptsStdin: true,
    exec: unused,
    push: unused,
    pull: unused,
    status: unused,
    spawn: (command: Command) => spawn(++starts, command as readonly string[]),
    close,
    [Symbol.asyncDispose]: close,
  };
  return { connector, starts: () => starts };
}

const lost = (): ConnectError => new ConnectError("connection-lost", "the link was cut");
const codeOf = async (call: Promise<unknown>): Promise<unknown> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown as SremoteError,
  );
  return error?.code ?? error;
};

const numbered = (stream: number): Uint8Array[] =>
  encodeFrame(JSON.stringify({ type: "result", outcome: "value", value: { json: stream } }));

/** A supervisor that answers each call, with the number of its stream or as is said; it welcomes the client when `greet` is called. */
function supervisor(
  command: readonly string[],
  answer: (stream: number) => Uint8Array[] = numbered,
  flags: number = packetFlags.last,
): { process: SpawnedProcess; greet: () => void; kinds: number[] } {
  const kinds: number[] = [];
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const ended = Promise.withResolvers<{ exitCode: number; signal: null }>();
  const say = (chunks: readonly Uint8Array[]): void => {
    for (const chunk of chunks) stdout.write(chunk);
  };
  stdout.write(`${command[6]}${command[5]}`);
  let left = sessionPayloadOf("node").size;
  const reader = new PacketReader();
  stdin.on("data", (chunk: Buffer) => {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    reader.push(chunk.subarray(skipped));
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
      kinds.push(packet.kind);
      if (packet.kind === packetKinds.bye) ended.resolve({ exitCode: 0, signal: null });
      if (packet.kind !== packetKinds.open) continue;
      say(encodePacket(packetKinds.data, packet.stream, answer(packet.stream), { flags }));
    }
  });
  const nothing = async (): Promise<void> => undefined;
  return {
    kinds,
    process: { stdin, stdout, stderr: new PassThrough(), exit: ended.promise, kill: nothing, [Symbol.asyncDispose]: nothing },
    greet: () => {
      const message = encodeSessionMessage({ type: "welcome", protocol: protocolVersion, attach: "/s", host });
      say(encodePacket(packetKinds.welcome, 0, [message]));
    },
  };
}

it("begins no second session for a call that is made between two attempts to start one", async () => {
  const first = Promise.withResolvers<void>();
  const { connector, starts } = connectorOf(async (start) => {
    if (start > 1) return await new Promise<never>(() => undefined);
    first.resolve();
    throw lost();
  });
  const client = new RemoteClient(connector, { runtime: "node" });
  const earlier = codeOf(client.call("node:path", "sep"));
  await first.promise;
  // The first attempt has failed, and its session is over.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  const later = codeOf(client.call("node:path", "sep"));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(starts()).toBe(1);
  await vi.waitFor(() => expect(starts()).toBe(2), { interval: 5 });
  await client.close();
  expect(await Promise.all([earlier, later])).toEqual(["closed", "closed"]);
});

it("rejects with the code closed when the client is closed between two attempts", async () => {
  const first = Promise.withResolvers<void>();
  const { connector } = connectorOf(async () => {
    first.resolve();
    throw lost();
  });
  const client = new RemoteClient(connector, { runtime: "node" });
  const code = codeOf(client.call("node:path", "sep"));
  await first.promise;
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await client.close();
  expect(await code).toBe("closed");
});

it("runs calls that wait for a session to start when the client is configured anew meanwhile", async () => {
  const begun = Promise.withResolvers<() => void>();
  const { connector } = connectorOf(async (_, command) => {
    const { process, greet } = supervisor(command);
    begun.resolve(greet);
    return process;
  });
  await using client = new RemoteClient(connector, { runtime: "node" });
  const call = client.call("node:path", "sep");
  const greet = await begun.promise;
  client.setSremoteDir("elsewhere");
  greet();
  expect((await call).value).toBe(1);
});

it("ends a call on the host whose question cannot be read, so that no worker waits for its answer", async () => {
  const question = Buffer.concat(encodeFrame(JSON.stringify({ type: "ask", ask: 1, callback: 1, args: { json: [] } })));
  question[question.length - 1]! ^= 1;
  const kinds = Promise.withResolvers<number[]>();
  const { connector } = connectorOf(async (_, command) => {
    const { process, greet, kinds: got } = supervisor(command, () => [question], 0);
    kinds.resolve(got);
    greet();
    return process;
  });
  await using client = new RemoteClient(connector, { runtime: "node" });
  expect(await codeOf(client.call("node:path", "sep"))).toBe("protocol-error");
  const got = await kinds.promise;
  await vi.waitFor(() => expect(got).toContain(packetKinds.cancel), { interval: 5 });
});
