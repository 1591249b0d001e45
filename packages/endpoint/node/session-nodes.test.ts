/* Sessions under every version of Node that is here, and how their first stage speaks of what it cannot use. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { triedNodes } from "./testing/nodes.ts";
import { CallbackArgument, sessionPayload } from "./testing/session-client.ts";
import { brief, file, lib, processesOf, sandbox, startSession, useSessions, written } from "./testing/session-sandbox.ts";
import { until } from "./testing/harness.ts";

useSessions();

describe.each(triedNodes())("Node $version", ({ path, version }) => {
  it("serves calls, output, iterators, callbacks, large values, and a new link", async () => {
    const session = await startSession({ node: path, workers: 2 });
    expect((await session.welcomed).host.version).toBe(version);
    const print = lib(session, "print");
    expect([(await print.result).value, print.stdout, print.stderr]).toEqual(["done", "console\nstream child\n", "problem\n"]);
    expect((await lib(session, "counted").result).value).toBe(1);
    const types = ["undefined", "undefined", "undefined", "undefined", "object", "object"];
    expect((await lib(session, "globals").result).value).toEqual([...types, 2, 0]);
    const bytes = new Uint8Array(5_000_000).fill(5);
    expect(Buffer.compare((await lib(session, "first", [bytes]).result).value as Uint8Array, bytes)).toBe(0);
    const ask = lib(session, "ask", [new CallbackArgument(0), 20], { callbacks: [(n) => Number(n) + 1] });
    expect((await ask.result).value).toEqual(["answer", 21]);
    const made = await lib(session, "later_numbers", [2]).result;
    const next = await session.call("sremote:object", "next", [made.value], { on: made.worker }).result;
    expect(next.value).toEqual({ done: false, value: 0 });
    session.cut();
    await session.resume();
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("names each end, and stops what must stop", async () => {
    const session = await startSession({ node: path });
    expect(brief(await lib(session, "fail", ["no"]).result)).toEqual(["raised", "raised"]);
    expect(brief(await lib(session, "exit", [3]).result)).toEqual(["killed", "exited"]);
    expect(brief(await lib(session, "unhandled").result)).toEqual(["raised", "raised"]);
    expect((await lib(session, "never").result).error?.message).toContain("never settles");
    expect(brief(await lib(session, "busy", [], { timeoutMs: 200 }).result)).toEqual(["timeout", "timeout"]);
  });

  it("leaves nothing when its supervisor is killed", async () => {
    const session = await startSession({ node: path });
    const busy = file("busy");
    lib(session, "busy", [busy]);
    await written(busy);
    process.kill(session.child.pid!, "SIGKILL");
    await until("all gone", () => processesOf(session).length === 0);
  });
});

describe("the first stage", () => {
  const stage = readFileSync(new URL("../../../resources/stage-session.cjs", import.meta.url), "utf8");
  /** A program that says it is another version of Node: what one too old shows of itself. */
  const old = `data:text/javascript,${encodeURIComponent('Object.defineProperty(process, "versions", { value: { ...process.versions, node: "16.1.0" } })')}`;
  const run = (
    flags: string[],
    candidates: string[],
    bases: string[],
    payload: Uint8Array,
    sha?: string,
  ): { status: number | null; stdout: string; stderr: string } => {
    const digest = sha ?? createHash("sha256").update(payload).digest("hex");
    const argv = [
      "-e",
      "eval(process.argv[1])",
      "--",
      stage,
      candidates.join("\n"),
      bases.join("\n"),
      String(payload.length),
      digest,
      "A",
      "B",
      "session",
    ];
    return spawnSync(process.execPath, [...flags, ...argv], { input: payload, encoding: "utf8" });
  };

  it("G17 names the interpreters that are too old, and goes on to the next", async () => {
    const payload = await sessionPayload();
    const script = join(sandbox.root, "old-node");
    writeFileSync(script, `#!/bin/sh\nexec "${process.execPath}" --import '${old}' "$@"\n`);
    chmodSync(script, 0o700);
    const none = run(["--import", old], ["first", script], [sandbox.base], payload);
    expect([none.status, none.stderr]).toEqual([0, ""]);
    expect(none.stdout).toMatch(/^BAN\nreason=interpreter\n/);
    expect(none.stdout).toContain(`tooold=first 16.1.0\ntooold=${script} 16.1.0\n`);
    const next = run(["--import", old], ["first", process.execPath], [sandbox.base], payload);
    expect([next.status, next.stdout, next.stderr]).toEqual([0, "BA", ""]); // A session whose input ends.
  });

  it("does not run what arrived damaged or cut", async () => {
    const payload = await sessionPayload();
    expect(run([], ["node"], [sandbox.base], payload, "0".repeat(64)).stdout).toContain("reason=payload\n");
    const argv = ["-e", "eval(process.argv[1])", "--", stage, "node", sandbox.base, String(payload.length + 3), "0", "A", "B", "session"];
    expect(spawnSync(process.execPath, argv, { input: payload, encoding: "utf8" }).stdout).toContain(
      "detail=standard input ended 3 bytes early\n",
    );
  });

  it("takes the first base directory that is there and safe, and makes none", async () => {
    const [open, safe] = [join(sandbox.root, "open"), join(sandbox.root, "safe")];
    mkdirSync(open);
    chmodSync(open, 0o777);
    mkdirSync(safe, { mode: 0o700 });
    const base = async (...bases: string[]): Promise<string> => {
      const session = await startSession({ base: bases.join("\n") });
      return (await session.welcomed).host.base;
    };
    expect(await base(join(sandbox.root, "absent"), open, safe)).toBe(safe);
    expect(await base(join(sandbox.root, "absent"), open)).toBe(join(sandbox.root, "absent"));
  });
});
