import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { InvalidArgumentError } from "@sremote/protocol";
import { shell } from "../connector.ts";
import { connectorCases } from "../testing/index.ts";
import { refuseWindows } from "./connector.ts";
import { local } from "./index.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

vi.setConfig({ maxConcurrency: 4 });

describe("local", () => {
  for (const one of connectorCases()) (one.alone ? test : test.concurrent)(one.name, () => one.run(() => local()));
});

describe("what only local does", () => {
  test("on Windows it says at once that it cannot, and what to do", () => {
    expect(() => refuseWindows("win32")).toThrow(
      expect.objectContaining({ code: "unsupported", hint: expect.stringMatching(/WSL.*ssh\(\)/) }),
    );
    for (const platform of ["linux", "darwin", "freebsd"] as const) refuseWindows(platform);
  });

  test("commands begin in HOME, or in the directory that was given", async () => {
    expect(text((await local({ env: { HOME: "/usr" } }).exec(["pwd"])).stdout)).toBe("/usr\n");
    expect(text((await local({ cwd: "/" }).exec(["pwd"])).stdout)).toBe("/\n");
  });

  test("environment variables are added, changed and taken away", async () => {
    const host = local({ env: { SREMOTE_ADDED: "a b'", HOME: "/", LANG: undefined } });
    expect(text((await host.exec(shell('printf %s "$SREMOTE_ADDED,$HOME,${LANG-none}"'))).stdout)).toBe("a b',/,none");
  });

  test("G27 a command that cannot be started is channel-failed, without its arguments or environment", async () => {
    const host = local({ cwd: "/nonexistent", env: { TOKEN: "canary-env" } });
    const error: unknown = await host.exec(["echo", "canary-argument"]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ConnectError", code: "channel-failed", host: "local://" });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("canary");
  });

  test("an argument list that is too long for the system is channel-failed", async () => {
    await expect(local().exec(["true", "x".repeat(200_000)])).rejects.toMatchObject({ code: "channel-failed" });
  });

  test("a command that ignores SIGTERM is ended all the same, with what it started", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-local-"));
    try {
      const control = new AbortController();
      const script = `trap '' TERM; sleep 300 & echo $! > child; echo $$ > pid; echo > ready; wait; sleep 300`;
      const host = local({ cwd: directory });
      const running = host.exec(shell(script), { signal: control.signal });
      await expect.poll(() => readFile(join(directory, "ready"), "utf8").catch(() => ""), { timeout: 5000 }).toBe("\n");
      control.abort(new Error("why"));
      const before = performance.now();
      await expect(running).rejects.toMatchObject({ code: "cancelled", cause: { message: "why" } });
      expect(performance.now() - before, "the caller does not wait for it").toBeLessThan(500);
      await host.close();
      for (const name of ["pid", "child"]) {
        const pid = (await readFile(join(directory, name), "utf8")).trim();
        const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone Z");
        expect(state).toContain(" Z"); // gone, or a zombie that init has not collected yet
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("a process that ended and that nobody collects is not waited for", async () => {
    // In a group of its own, it collects nothing; what it started ends with the command's group.
    const code = "import os,time\nif os.fork(): os.setpgid(0,0); print(os.getpid(),flush=True)\ntime.sleep(300)";
    await using host = local();
    const command = await host.spawn!(shell(`python3 -I -S -c '${code}' & wait`));
    const [line] = (await once(command.stdout, "data")) as [Buffer];
    try {
      const before = performance.now();
      await command[Symbol.asyncDispose]();
      // By signals alone it would seem to run for a second after SIGTERM, and for another after SIGKILL.
      expect(performance.now() - before).toBeLessThan(1500);
    } finally {
      process.kill(Number(line), "SIGKILL");
    }
  });

  test("closing ends live processes, and waits for it", async () => {
    const host = local();
    const process = await host.spawn!(["sleep", "300"]);
    await host.close();
    expect(await process.exit).toEqual({ exitCode: null, signal: "SIGTERM" });
  });

  test("wrong options are named", () => {
    expect(() => local({ cwd: "" })).toThrow(InvalidArgumentError);
    // @ts-expect-error a number is no value
    expect(() => local({ env: { A: 1 } })).toThrow(/options\.env\.A/);
  });
});
