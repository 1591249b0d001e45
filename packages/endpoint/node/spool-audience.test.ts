/* G15 Calls of the spool that are no longer waited for end: PROTOCOL.md, "Spool", step 5. With an endpoint whose times are short. */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isThere, makeRequest, makeSandbox, readReply, send, until, type Reply, type Sandbox } from "./testing/harness.ts";
import { newId } from "./testing/spool-sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await makeSandbox(new URL("testing/impatient.ts", import.meta.url).pathname);
  const module = `
import { existsSync, writeFileSync } from "node:fs";
export const wait = (file) => new Promise((done) => {
  writeFileSync(file, String(process.pid));
  const timer = setInterval(() => { if (existsSync(file + ".go")) { clearInterval(timer); done("went on"); } }, 5);
});
`;
  writeFileSync(join(sandbox.work, "waits.mjs"), module);
});
afterAll(() => sandbox[Symbol.dispose]());

interface Waiting {
  id: string;
  request: Buffer;
  /** The endpoint, or the shell that started it. */
  child: ChildProcess;
  /** Of the function's process. */
  pid: number;
  file: string;
}

/** A call that runs, whose endpoint's output goes where the shell's line says. */
async function waiting(line: string, stdout: StdioOptions = ["pipe", "pipe", "pipe"]): Promise<Waiting> {
  const id = newId();
  const file = join(sandbox.work, id);
  const request = makeRequest(sandbox, "./waits.mjs", "wait", [file], { id });
  const command = [process.execPath, sandbox.program, "call", "--base", sandbox.base, "-", "-"];
  const child = spawn("sh", ["-c", line, "sh", ...command], { stdio: stdout });
  child.stdin!.end(request);
  await until("the function to run", () => existsSync(file) && readFileSync(file, "utf8") !== "");
  return { id, request, child, pid: Number(readFileSync(file, "utf8")), file };
}

const storedReply = (id: string): Reply => readReply(readFileSync(join(sandbox.base, "calls", id, "reply")));

async function expectLeft({ id, pid }: Waiting): Promise<void> {
  await until("the function's process gone", () => !isThere(pid));
  await until("the reply stored", () => existsSync(join(sandbox.base, "calls", id, "reply")));
  const { outcome, error } = storedReply(id);
  expect([outcome, error?.code]).toEqual(["cancelled", "cancelled"]);
  expect(error?.message).toContain("no client had waited");
}

describe("G15 a call whose client is gone ends", () => {
  it("where its standard output is a socket", async () => {
    const call = await waiting('exec "$@"');
    for (const stream of [call.child.stdout, call.child.stderr]) stream!.destroy();
    await expectLeft(call);
  });

  it("where it is a pipe", async () => {
    // The reader is gone at once.
    await expectLeft(await waiting('{ "$@" 2>&1 3>&1; } | true'));
  });

  it("but not as long as another endpoint waits for it, which gets its value", async () => {
    const call = await waiting('exec "$@"');
    const again = send(sandbox, call.request);
    // On a busy machine an endpoint starts more slowly than a call without anybody ends.
    await until("the other endpoint to wait", () => existsSync(join(sandbox.base, "calls", call.id, "asked")));
    for (const stream of [call.child.stdout, call.child.stderr]) stream!.destroy();
    // Twice the time after which it would have been ended.
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(isThere(call.pid)).toBe(true);
    writeFileSync(`${call.file}.go`, "");
    expect((await again).value).toBe("went on");
  });

  it("and who waits for it keeps it running no longer than its own client is there", async () => {
    const call = await waiting('exec "$@"');
    const other = spawn(process.execPath, [sandbox.program, "call", "--base", sandbox.base, "-", "-"], { stdio: "pipe" });
    other.stdin.end(call.request);
    await until("the other endpoint to wait", () => existsSync(join(sandbox.base, "calls", call.id, "asked")));
    for (const { stdout, stderr } of [call.child, other]) {
      stdout!.destroy();
      stderr!.destroy();
    }
    await once(other, "exit");
    await expectLeft(call);
  });

  it("but not where its output goes to a file: nobody can tell", async () => {
    const call = await waiting(`exec "$@" > ${join(sandbox.work, "out")} 2> ${join(sandbox.work, "err")}`);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(isThere(call.pid)).toBe(true);
    writeFileSync(`${call.file}.go`, "");
    await once(call.child, "exit");
    expect(storedReply(call.id).value).toBe("went on");
  });
});
