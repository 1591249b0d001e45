/* Who is let in to a session of the Node endpoint, and to what `attach` connects. SESSION.md, "attach" and "Proof". */
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import {
  decodeSessionMessage,
  encodePacket,
  encodeSessionMessage,
  packetKinds,
  PacketReader,
  type ChallengeMessage,
  type Packet,
  type PacketKind,
  type SessionMessage,
} from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { prove } from "./session/proof.ts";
import { until } from "./testing/harness.ts";
import type { TestSession } from "./testing/session-client.ts";
import { contents, file, lib, sandbox, startSession, useSessions } from "./testing/session-sandbox.ts";

useSessions();

const clientNonce = "c1".repeat(32);

/** Somebody who connects to a supervisor. */
class Stranger {
  readonly socket: Socket;
  readonly packets: Packet[] = [];
  readonly closed: Promise<unknown>;

  constructor(path: string) {
    this.socket = connect(path);
    this.closed = once(this.socket, "close");
    const reader = new PacketReader();
    this.socket.on("data", (chunk: Buffer) => {
      reader.push(Buffer.from(chunk));
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) this.packets.push(packet);
    });
  }

  say(kind: PacketKind, message: SessionMessage): void {
    for (const chunk of encodePacket(kind, 0, [encodeSessionMessage(message)])) this.socket.write(chunk);
  }

  async challenge(): Promise<ChallengeMessage> {
    this.say(packetKinds.resume, { type: "resume", nonce: clientNonce });
    await until("the challenge", () => this.packets.length > 0);
    return decodeSessionMessage(this.packets.shift()!.payload, "challenge");
  }
}

describe("who may come", { timeout: 20_000 }, () => {
  it("only who can prove to know the token, to an address that no other user can reach", async () => {
    const session = await startSession();
    await lib(session, "add", [1, 2]).result;
    const { attach } = await session.welcomed;
    const { mode, uid } = statSync(dirname(attach));
    expect([mode & 0o777, uid]).toEqual([0o700, process.geteuid?.()]);
    const { token } = session;
    const proofs: [name: string, proof: (challenge: ChallengeMessage) => { received: number; proof: string }][] = [
      [
        "of another token",
        ({ nonce }) => ({ received: 0, proof: prove("0".repeat(32), "client", { clientNonce, hostNonce: nonce, received: 0 }) }),
      ],
      ["that is the host's own", ({ received, proof }) => ({ received, proof })],
      ["made as the host's", ({ nonce }) => ({ received: 0, proof: prove(token, "host", { clientNonce, hostNonce: nonce, received: 0 }) })],
      [
        "of another challenge",
        () => ({ received: 0, proof: prove(token, "client", { clientNonce, hostNonce: clientNonce, received: 0 }) }),
      ],
      [
        "of another number",
        ({ nonce }) => ({ received: 1, proof: prove(token, "client", { clientNonce, hostNonce: nonce, received: 0 }) }),
      ],
      [
        "of packets never sent",
        ({ nonce }) => ({ received: 99, proof: prove(token, "client", { clientNonce, hostNonce: nonce, received: 99 }) }),
      ],
    ];
    const nonces = new Set<string>();
    for (const [name, proof] of proofs) {
      const stranger = new Stranger(attach);
      const challenge = await stranger.challenge();
      nonces.add(challenge.nonce);
      expect(challenge.proof).toBe(prove(token, "host", { clientNonce, hostNonce: challenge.nonce, received: challenge.received }));
      stranger.say(packetKinds.proof, { type: "proof", ...proof(challenge) });
      await stranger.closed;
      expect(stranger.packets, `a proof ${name}`).toEqual([]);
    }
    // A proof that was heard once is of no use, not even with the same nonce of the client.
    expect(nonces.size).toBe(proofs.length);
    for (const first of [
      encodePacket(packetKinds.proof, 0, [encodeSessionMessage({ type: "proof", received: 0, proof: clientNonce })]),
      encodePacket(packetKinds.bye, 0, [encodeSessionMessage({ type: "bye" })]),
      [Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ]) {
      const stranger = new Stranger(attach);
      for (const chunk of first) stranger.socket.write(chunk);
      await stranger.closed;
      expect(stranger.packets).toEqual([]);
    }
    expect((await lib(session, "add", [2, 2]).result).value).toBe(4);
  });

  it("at most sixteen at once, so that they cost little", async () => {
    const session = await startSession();
    const { attach } = await session.welcomed;
    const strangers = Array.from({ length: 16 }, () => new Stranger(attach));
    await Promise.all(strangers.map(async (stranger) => await stranger.challenge()));
    await new Stranger(attach).closed;
    expect(strangers.filter(({ socket }) => socket.closed)).toEqual([]);
    for (const { socket } of strangers) socket.destroy();
    await Promise.all(strangers.map(({ closed }) => closed));
    session.cut();
    await session.resume();
    expect((await lib(session, "add", [2, 2]).result).value).toBe(4);
  });

  it("what comes over the old link while the client proves itself runs once", async () => {
    const session = await startSession();
    await session.welcomed;
    const effects = file("effects");
    const old = session.link!;
    const resuming = session.resume({ beforeProof: async () => await marked(session, old, effects) });
    await resuming;
    await lib(session, "append", [effects, "2 "]).result;
    expect(contents(effects)).toBe("0 1 2 ");
    old.input.destroy();
  });
});

/** Two calls over an old link of the session, which have run when this resolves. */
async function marked(session: TestSession, old: NonNullable<TestSession["link"]>, effects: string): Promise<void> {
  const now = session.link;
  session.link = old;
  lib(session, "append", [effects, "0 "]);
  lib(session, "append", [effects, "1 "]);
  session.link = now;
  await until("the calls over the old link", () => contents(effects) === "0 1 ");
}

/** Leaves a socket at which nobody listens. */
function bind(path: string): void {
  spawnSync("python3", ["-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path]);
}

const attachInPython = ["-I", "-S", "-c", "import sys; exec(sys.argv[1])"];

// Node cannot ask the kernel for that.
it("attach.py hands nothing to a process of another user, whoever owns the socket", async () => {
  const place = file("place");
  mkdirSync(place, { mode: 0o700 });
  const server = `import os, socket, sys
door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[1])
os.seteuid(12002)
door.listen()
print("ready", flush=True)
print("got %r" % door.accept()[0].recv(100))`;
  const child = spawn("python3", ["-c", server, `${place}/s`], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until("the server", () => said === "ready\n");
  const text = contents(new URL("../../../resources/attach.py", import.meta.url).pathname);
  const { stdout } = spawnSync("python3", [...attachInPython, text, `${place}/s`, "A", "B"], {
    encoding: "utf8",
    input: "",
    timeout: 20_000,
  });
  expect(stdout).toBe(`BAN\nreason=session\ndetail=${place} is served by another user\n`);
  await once(child, "close");
  expect(said).toBe("ready\ngot b''\n");
});

describe.each([
  ["attach.cjs", process.execPath, ["-e", "eval(process.argv[1])", "--"]],
  ["attach.py", "python3", attachInPython],
] as const)("%s", (name, program, flags) => {
  const text = contents(new URL(`../../../resources/${name}`, import.meta.url).pathname);
  const attach = (address: string): SpawnSyncReturns<string> =>
    spawnSync(program, [...flags, text, address, "A", "B"], { encoding: "utf8", input: "", timeout: 20_000 });

  it("says so where there is no session", () => {
    const { status, stdout, stderr } = attach(`${sandbox.root}/none/s`);
    expect([status, stdout, stderr]).toEqual([0, "BAN\nreason=session\n", ""]);
  });

  it.each([
    ["a directory of another user", (place: string) => chownSync(place, 12_002, 12_002), "belongs to another user"],
    ["a socket of another user", (place: string) => chownSync(`${place}/s`, 12_002, 12_002), "belongs to another user"],
    ["a directory that others may enter", (place: string) => chmodSync(place, 0o710), "is not a private directory with a socket"],
  ] as const)("does not connect to %s", async (_name, spoil, why) => {
    const place = file("place");
    mkdirSync(place, 0o700);
    let connected = 0;
    const server = createServer((socket) => {
      connected++;
      socket.destroy();
    }).listen(`${place}/s`);
    await once(server, "listening");
    spoil(place);
    const { status, stdout, stderr } = attach(`${place}/s`);
    expect([status, stdout, stderr]).toEqual([0, `BAN\nreason=session\ndetail=${place} ${why}\n`, ""]);
    await new Promise((resolve) => server.close(resolve));
    expect(connected).toBe(0);
  });

  it("does not follow a link, nor read a file, in place of the socket", () => {
    const place = file("place");
    mkdirSync(place, 0o700);
    writeFileSync(`${place}/s`, "");
    expect(attach(`${place}/s`).stdout).toContain("is not a private directory with a socket");
    rmSync(`${place}/s`);
    bind(`${place}/s`);
    const link = file("link");
    symlinkSync(place, link);
    expect(attach(`${link}/s`).stdout).toContain("is not a private directory with a socket");
    rmSync(`${place}/s`);
    bind(`${place}/other`);
    symlinkSync(`${place}/other`, `${place}/s`);
    expect(attach(`${place}/s`).stdout).toContain("is not a private directory with a socket");
  });

  it("removes what a killed supervisor left", () => {
    const place = file("place");
    mkdirSync(place, 0o700);
    bind(`${place}/s`);
    expect(attach(`${place}/s`).stdout).toBe("BAN\nreason=session\n");
    expect(() => statSync(place)).toThrow("ENOENT");
    rmSync(place, { recursive: true, force: true });
  });
});
