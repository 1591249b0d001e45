/*
 * A client in a program of its own, whose memory is its own, before a host that fills every buffer at once: over a session, or over SSH. Tells its parent what
 * it took of memory.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RemoteClient } from "@sremote/client";
import { local, ssh } from "@sremote/connectors";
import type { Connector, SpawnedProcess } from "@sremote/connectors";
import { pythonSessionPayload } from "@sremote/endpoint";
import { inUse } from "./flood.ts";
import { startHostileSshd } from "./hostile-host.ts";

export interface Taken {
  /** Of heap and buffers, in bytes. */
  readonly inUse: number;
  readonly rss: number;
  /** What the host did is known to have come. */
  readonly isFull: boolean;
}

const unused = (): never => {
  throw new Error("only live processes are expected");
};

/** Starts hostile-endpoint.ts in place of a session's endpoint. */
function endpoint(): Connector {
  const program = fileURLToPath(new URL("hostile-endpoint.ts", import.meta.url));
  return {
    label: "hostile://",
    acceptsStdin: true,
    exec: unused,
    push: unused,
    pull: unused,
    status: unused,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
    spawn: async (command): Promise<SpawnedProcess> => {
      const halves = (command as readonly string[]).slice(5, 7);
      const child = spawn(process.execPath, [...process.execArgv, program, ...halves, String(pythonSessionPayload.size)]);
      child.stdin.on("error", () => {}); // It is ended as it is.
      const { promise: exit, resolve } = Promise.withResolvers<Awaited<SpawnedProcess["exit"]>>();
      child.on("exit", (exitCode, signal) => resolve({ exitCode, signal }));
      const end = async (): Promise<void> => void child.kill("SIGKILL");
      return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit, kill: end, [Symbol.asyncDispose]: end };
    },
  };
}

function taken(): { inUse: number; rss: number } {
  return { inUse: inUse(), rss: process.memoryUsage().rss };
}

/** Calls as every program makes them, to a host that keeps to the rules: the code they need and the heap they leave are not what a hostile host takes. */
async function warmUp(): Promise<void> {
  await using client = new RemoteClient(local());
  const add = (sum: number, item: number): number => sum + item;
  for (let round = 0; round < 15; round += 1) {
    await Promise.all(Array.from({ length: 16 }, () => client.call("functools", "reduce", [add, [1, 2, 3, 4, 5]])));
    await client.doRemoteCall("builtins", "print", ["x".repeat(100_000)]);
    await client.doRemoteCall("builtins", "bytes", [100_000]);
  }
}

async function overSession(): Promise<Taken> {
  await using client = new RemoteClient(endpoint());
  await client.doRemoteCall("os", "finish");
  await warmUp();
  const before = taken();
  const held: unknown[] = [];
  const never = new Promise(() => {});
  const calls = Array.from({ length: 16 }, (_, index) => {
    const call = client.call(
      "os",
      "getpid",
      [
        (given: unknown) => {
          held.push(given);
          return never;
        },
      ],
      index < 4 ? {} : { outputLimit: 0 },
    );
    const ended = call.then(
      () => "value",
      () => "error",
    );
    // Somebody began to iterate, and does not go on.
    for (const output of index >= 4 ? [] : [call.stdout, call.stderr])
      output
        .bytes()
        .next()
        .catch(() => {});
    return ended;
  });
  // Answered behind all that.
  const { value } = await client.doRemoteCall("os", "finish");
  const after = taken();
  // Each call still waits: the host broke no rule.
  const first = await Promise.race([...calls, Promise.resolve("none")]);
  return { inUse: after.inUse - before.inUse, rss: after.rss - before.rss, isFull: value === 7 && first === "none" };
}

async function overSsh(): Promise<Taken> {
  const sshd = await startHostileSshd();
  const hostKey = { fingerprint: sshd.fingerprint };
  const options = { host: "127.0.0.1", port: sshd.port, password: "not-a-secret", sshConfig: false, agent: false as const, hostKey };
  await using host = ssh({ ...options, username: "fill" });
  // The code that commands need is not what a hostile host takes.
  for (let round = 0; round < 60; round += 1) await host.exec(["true"]);
  const before = taken();
  for (let each = 0; each < 7; each += 1) (await host.spawn!(["cat"])).exit.catch(() => {});
  let after = taken();
  for (let still = 0; still < 5;) {
    await host.exec(["true"]);
    const next = taken();
    still = next.inUse - after.inUse < 65_536 ? still + 1 : 0;
    after = next;
  }
  await sshd.stop();
  return { inUse: after.inUse - before.inUse, rss: after.rss - before.rss, isFull: true };
}

const found = await (process.argv[2] === "ssh" ? overSsh() : overSession());
process.send?.(found);
if (process.send === undefined) console.log(found.inUse / 2 ** 20, found.rss / 2 ** 20, found.isFull);
process.exit();
