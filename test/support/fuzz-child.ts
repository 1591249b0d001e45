/*
 * Clients and connectors before hosts whose bytes were damaged at random: whatever becomes of a call, nothing may be thrown where nobody catches it. Runs in a program of
 * its own, which an exception ends. Arguments: the seed, and how many rounds.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { docker, jupyter, newt, settledWithin } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { encodeFrame, encodePacket, packetKinds, SremoteError } from "@sremote/protocol";
import { hostileSession, welcome } from "./hostile-session.ts";
import { seededRandom } from "./seeded-random.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { textFrame } from "../stubs/websocket-frames.ts";

const [seed = "1", rounds = "1"] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), "sremote-fuzz-"));
let services = 0;

/** Some bytes changed, left out or put in. */
function damaged(bytes: Uint8Array, random: SeededRandom): Buffer {
  let found = Buffer.from(bytes);
  for (let times = random.below(4); times > 0; times -= 1) {
    const at = random.below(found.length + 1);
    const other = Buffer.from(Array.from({ length: random.below(9) }, () => random.below(256)));
    const kind = random.below(3);
    if (kind === 0 && at < found.length) found[at]! ^= 1 << random.below(8);
    else if (kind === 1) found = Buffer.concat([found.subarray(0, at), found.subarray(at + random.below(40))]);
    else found = Buffer.concat([found.subarray(0, at), other, found.subarray(at)]);
  }
  return found;
}

/** Any error must be one of ours. */
async function ended(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof SremoteError)) throw error;
  }
}

const result = encodeFrame('{"type":"result","outcome":"value","value":{"json":{"a":[1,"x",null]}}}');
const raised = encodeFrame('{"type":"result","outcome":"raised","error":{"code":"raised","stage":"call","message":"x","notes":["n"]}}');
const ask = encodeFrame('{"type":"ask","ask":1,"callback":1,"args":{"json":[1]}}');

/** Packets with damaged content and whole checksums, or damaged themselves. */
function said(stream: number, random: SeededRandom): Uint8Array[] {
  const frame = Buffer.concat([ask, result, raised][random.below(3)]!);
  const kinds = [
    packetKinds.stdout,
    packetKinds.totals,
    packetKinds.credit,
    packetKinds.ack,
    packetKinds.pong,
    packetKinds.bye,
    packetKinds.data,
  ];
  const sizes = [8, 16, 0, 4];
  const chunks = Array.from({ length: random.below(6) }, () => {
    const kind = kinds[random.below(kinds.length)]!;
    const payload =
      kind === packetKinds.data
        ? damaged(frame, random)
        : Buffer.from(Array.from({ length: sizes[random.below(4)]! }, () => random.below(256)));
    return Buffer.concat(encodePacket(kind, random.below(3) === 0 ? random.below(9) : stream, [payload], { flags: random.below(8) }));
  });
  chunks.push(Buffer.concat(encodePacket(packetKinds.data, stream, [frame], { flags: 1 })));
  return random.below(3) === 0 ? [damaged(Buffer.concat(chunks), random)] : chunks;
}

async function session(random: SeededRandom): Promise<void> {
  const isHarmless = random.below(3) > 0;
  const live = hostileSession({
    begin: (host, marker) => {
      const first = Buffer.concat([marker, ...welcome]);
      host.say(isHarmless ? first : damaged(first, random));
      if (!isHarmless) setImmediate(() => host.end());
    },
    packet: ({ kind, stream }, host) => {
      if (kind !== packetKinds.open) return;
      host.say(...said(stream, random));
      setImmediate(() => host.end());
    },
  });
  const facts = Buffer.from("base=/b\ninstalled=yes\npython=3.11.2 /x\nend=yes\n");
  const exec: Connector["exec"] = async (command) => {
    const halves = (command as readonly string[]).filter((each) => /^[0-9a-f]{16}$/.test(each)).toReversed();
    const stdout = Buffer.concat([Buffer.from(halves.join("")), damaged(facts, random)]);
    return { exitCode: random.below(4), signal: null, stdout, stderr: damaged(facts, random) };
  };
  const connector: Connector = { ...live, exec };
  await using client = new RemoteClient(connector, { resumeTimeout: 1000 });
  await ended(client.doRemoteCall("os", "getpid", [(value: unknown) => value], { timeout: 300 }));
}

const head = (status: string, type: string, body: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const frames = Buffer.concat([
  Buffer.from([1, 0, 0, 0, 0, 0, 0, 2]),
  Buffer.from("ab"),
  Buffer.from([2, 0, 0, 0, 0, 0, 0, 1]),
  Buffer.from("c"),
]);
const kernel = textFrame(
  Buffer.from('{"channel":"shell","header":{"msg_type":"execute_reply"},"parent_header":{"msg_id":"x"},"content":{"status":"ok"}}'),
);
const opening = (key: string): string => {
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`;
};
const replies: readonly Buffer[] = [
  Buffer.from(head("200 OK", "application/json", '{"Id":"abc","Running":false,"ExitCode":0,"State":{"Running":true}}')),
  Buffer.concat([Buffer.from("HTTP/1.1 101 UPGRADED\r\nconnection: Upgrade\r\nupgrade: tcp\r\n\r\n"), frames]),
  Buffer.from(
    head(
      "200 OK",
      "application/json",
      '{"default":"python3","kernelspecs":{"python3":{"spec":{"language":"python"}}},"id":"i","kernel":{"id":"k"}}',
    ),
  ),
  Buffer.from(head("200 OK", "application/json", '{"status":"OK","output":"x","error":"","auth":true,"username":"u"}')),
  Buffer.from(head("404 Not Found", "text/html", "<title>gone</title>")),
];

/** Answers each request with any reply, damaged. */
async function service(kind: number, random: SeededRandom): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // The client has had enough.
    socket.on("data", (asked: Buffer) => {
      const key = /sec-websocket-key: (\S+)/i.exec(asked.toString("latin1"))?.[1];
      // A WebSocket is opened as it must be: what is damaged is what comes then.
      if (key === undefined) socket.write(damaged(random.pick(replies), random));
      else socket.write(Buffer.concat([Buffer.from(opening(key)), damaged(kernel, random), damaged(kernel, random)]));
      if (random.below(4) === 0) socket.end();
    });
  });
  const socketPath = join(directory, String((services += 1)));
  if (kind === 0) server.listen(socketPath);
  else server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = kind === 0 ? "" : `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { username: "u", password: "not-a-secret" };
  const make: readonly (() => Connector)[] = [
    () => docker({ container: "c", socketPath }),
    () => jupyter({ baseUrl, token: "not-a-secret" }),
    () => newt({ baseUrl, machine: "m", ...credentials, requestTimeout: 100 }),
  ];
  const connector = make[kind]!();
  await ended(connector.exec(["true"], { timeout: 150 }));
  // It waits for what the service does not answer; what it throws would be met.
  await settledWithin(connector.close(), 500);
  server.close();
}

// Each has numbers of its own, so that a seed says what happens. All at once, since most of it is waiting.
await Promise.all(
  Array.from({ length: Number(rounds) }, async (_, round) => {
    const own = (part: number): SeededRandom => seededRandom((Number(seed) + round) * 4 + part + 1);
    await Promise.all([session(own(0)), session(own(1)), service(round % 3, own(2))]);
  }),
);
await rm(directory, { recursive: true });
process.send?.("done");
process.exit();
