/* Who takes the place of a supervisor that was killed gets no call, no token and no say. SESSION.md, "attach" and "Proof". */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { RemoteClient } from "@sremote/client";
import { type Connector, local } from "@sremote/connectors";
import { PacketReader, packetKinds } from "@sremote/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { signalEach } from "../../scripts/labs/processes.ts";
import type { Runtime } from "../support/effects.ts";
import { hostPath, runtimes } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

type Given = [module: string, fn: string, args: unknown[]];
const lasting: Record<Runtime, Given> = { python: ["time", "sleep", [600]], node: ["node:timers/promises", "setTimeout", [600_000]] };
const supervisor: Record<Runtime, Given> = { python: ["os", "getppid", []], node: ["node:vm", "runInThisContext", ["process.ppid"]] };

/**
 * Listens at argv[1] and prints `ready`. Whoever comes is answered as a supervisor would: first with a wrong proof, then with a result of its own.
 * Prints what it was sent, in hex digits, when it is left.
 */
const thief = `import array, os, socket, struct, sys, zlib, json
os.umask(0)
place = os.path.dirname(sys.argv[1])
os.mkdir(place, int(sys.argv[2], 8))
door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[1])
door.listen(4)
print("ready", flush=True)
peer, _ = door.accept()
reader = writer = peer.fileno()
data, extras, _, _ = peer.recvmsg(65536, socket.CMSG_SPACE(8))
if extras:  # the attaching process hands over its own standard input and output
    reader, writer = array.array("i", extras[0][2])
    data = b""
    for fd in (reader, writer): os.set_blocking(fd, True)
def say(kind, stream, payload, flags=0):
    head = struct.pack("<IBBHI", len(payload), kind, flags, 1 if stream else 0, stream)
    os.write(writer, head + struct.pack("<I", zlib.crc32(head) if kind == 17 else zlib.crc32(payload, zlib.crc32(head))) + payload)
def frame(header):
    body = header + b"\\0" * (-len(header) % 8)
    prefix = struct.pack("<4sBBHIQ", b"\\x89SRM", 1, 0, 0, len(header), len(body))
    return prefix + struct.pack("<I", zlib.crc32(prefix)) + body + struct.pack("<I", zlib.crc32(body))
try:
    say(4, 0, json.dumps({"type": "challenge", "nonce": "5e" * 32, "received": 0, "proof": "ab" * 32}).encode())
    for stream in range(1, 4): say(17, stream, frame(b'{"type":"result","outcome":"value","value":{"json":"forged"}}'), 1)
    while True:
        part = os.read(reader, 65536)
        if not part: break
        data += part
except OSError:
    pass
print(data.hex(), flush=True)
`;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "takeover-"));
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

/** `local()`, of which the second process does not start before the gate is open. */
function gated(gate: Promise<unknown>): Connector {
  const inner = local({ cwd: home, env: { HOME: home, PATH: hostPath } });
  let started = 0;
  return {
    ...inner,
    spawn: async (...given) => {
      if (++started > 1) await gate;
      return await inner.spawn!(...given);
    },
  };
}

/** The path of the socket at which a process listens, as every user of the host can read it. */
async function socketOf(pid: number): Promise<string> {
  const links = await Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  const listening = (await readFile("/proc/net/unix", "utf8")).split("\n").map((line) => line.trim().split(/\s+/));
  const found = listening.find(([, , , flags, , , inode]) => flags === "00010000" && links.includes(`socket:[${inode}]`));
  expect(found, `a socket of process ${pid}`).toBeDefined();
  // The kernel tells the name that it was bound to, before it got the one under which it is reached.
  return join(dirname(found![7]!), "s");
}

/**
 * A client with one call under way and one made later, whose supervisor is killed and whose socket's name is then taken by a thief.
 * @param mode of the thief's directory @returns what the calls reject with, and what the thief was sent
 */
async function robbed(runtime: Runtime, user: number, mode: string): Promise<{ errors: unknown[]; heard: Buffer | undefined }> {
  const gate = Promise.withResolvers<void>();
  await using client = new RemoteClient(gated(gate.promise), { runtime, resumeTimeout: 20_000 });
  const pid = Number((await client.doRemoteCall(...supervisor[runtime])).value);
  const address = await socketOf(pid);
  const first = rejection(client.doRemoteCall(...lasting[runtime], { env: { SECRET: "canary-variable" } }));
  signalEach([pid], "SIGKILL");
  const second = rejection(client.doRemoteCall(...lasting[runtime], { env: { SECRET: "canary-second" } }));
  await rm(dirname(address), { recursive: true, force: true });
  const child = spawn("/usr/bin/python3", ["-I", "-c", thief, address, mode], {
    uid: user,
    gid: user,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("ready");
    gate.resolve();
    const errors = await Promise.all([first, second]);
    // One that was never connected to waits for ever.
    const stranger = user === process.geteuid!() ? ((await lines.next()).value as string) : undefined;
    return { errors, heard: stranger === undefined ? undefined : Buffer.from(stranger, "hex") };
  } finally {
    gate.resolve();
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await rm(dirname(address), { recursive: true, force: true });
  }
}

describe.each(runtimes)("the place of a killed supervisor of %s", { timeout: 30_000 }, (runtime) => {
  test("G06 is not connected to when another user has taken it", async () => {
    const { errors } = await robbed(runtime, 12_002, "755");
    for (const error of errors) {
      expect(error).toMatchObject({ code: "outcome-unknown" });
      expect((error as Error).message).toContain("belongs to another user");
    }
  });

  test("G06 is sent a nonce and nothing else when what answers there does not know the session's secret", async () => {
    const { errors, heard } = await robbed(runtime, process.geteuid!(), "700");
    for (const error of errors) {
      expect(error).toMatchObject({ code: "outcome-unknown" });
      expect((error as Error).message).toContain("could not prove");
    }
    const reader = new PacketReader();
    reader.push(heard!);
    const packet = reader.next()!;
    expect([packet.kind, packet.bytes.length]).toEqual([packetKinds.resume, heard!.length]);
    const message = JSON.parse(Buffer.from(packet.payload).toString()) as Record<string, unknown>;
    expect(Object.keys(message)).toEqual(["type", "nonce"]);
  });
});
