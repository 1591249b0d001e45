/* Processes that begin a session of their own end with the call that was stopped, or with the client (docs/sessions.md, "What a call finds and leaves"). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { expect, test } from "vitest";
import { hostKinds } from "../support/hosts.ts";
import { plant } from "../support/effects.ts";

const python = `
import os, signal, subprocess, time

def start(file, daemon=False):
    if daemon:
        # The classic way: a copy of this process, whose parent is gone.
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                write(file, os.getpid())
                time.sleep(600)
            os._exit(0)
        os.wait()
    else:
        write(file, subprocess.Popen(["sleep", "600"], start_new_session=True).pid)

def write(file, pid):
    with open(file + ".new", "w") as out:
        out.write(str(pid))
    os.rename(file + ".new", file)

def start_and_wait(file, daemon=False):
    start(file, daemon)
    time.sleep(600)

def start_and_stay(file):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    start_and_wait(file)
`;
const node = `
import { spawn } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
export function start(file) {
  const child = spawn("sleep", ["600"], { detached: true, stdio: "inherit" });
  child.unref();
  writeFileSync(file + ".new", String(child.pid));
  renameSync(file + ".new", file);
}
export async function start_and_wait(file) { start(file); await new Promise((resolve) => setTimeout(resolve, 600_000)); }
export async function start_and_stay(file) {
  for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => undefined);
  await start_and_wait(file);
}
`;

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 10_000; !isSo() && performance.now() < deadline;)
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
}

function isThere(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

test("what left the group of its worker ends with it", async () => {
  await using host = await hostKinds.find(({ name }) => name === "local")!.start();
  await plant(host.home, "work/strays.py", python);
  await plant(host.home, "work/strays.mjs", node);
  const kinds = [
    ["python", "strays", []],
    ["python", "strays", [true]],
    ["node", "./strays.mjs", []],
  ] as const;
  for (const [runtime, module, more] of kinds) {
    for (const [transport, how] of [
      ["auto", "aborted"],
      ["spool", "aborted"],
      ["spool", "late"],
    ] as const) {
      // A copy of the process that runs a call over files holds nothing by which it would be known.
      if (transport === "spool" && more.length > 0) continue;
      const file = join(host.home, `${runtime}-${transport}-${how}-${more.length}`);
      const client = new RemoteClient(host.again(), { runtime, transport });
      // Over files a client's abort ends the endpoint, which has a second to end a function that does not want to.
      const fn = transport === "spool" && how === "aborted" ? "start_and_stay" : "start_and_wait";
      const cancel = new AbortController();
      const stopped = how === "aborted" ? { signal: cancel.signal } : { timeout: 3000 };
      const call = client.doRemoteCall(module, fn, [file, ...more], { cwd: "work", ...stopped }).catch(String);
      await until(() => existsSync(file));
      const pid = Number(readFileSync(file, "latin1"));
      expect(isThere(pid)).toBe(true);
      cancel.abort();
      await call;
      await until(() => !isThere(pid));
      expect([runtime, transport, how, more.length, isThere(pid)]).toEqual([runtime, transport, how, more.length, false]);
      if (transport === "auto") {
        await client.doRemoteCall(module, "start", [`${file}-kept`, ...more], { cwd: "work" });
        await until(() => existsSync(`${file}-kept`));
        const kept = Number(readFileSync(`${file}-kept`, "latin1"));
        expect(isThere(kept)).toBe(true);
        await client.close();
        await until(() => !isThere(kept));
        expect([runtime, "closed", isThere(kept)]).toEqual([runtime, "closed", false]);
      } else await client.close();
    }
  }
});
