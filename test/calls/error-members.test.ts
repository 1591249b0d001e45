/* What an error of the host tells beside its text, and why a call did not run whose argument is a call that failed. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { rejection } from "../support/rejection.ts";

describe.each(["auto", "spool"] as const)("errors over %s", (transport) => {
  const client = new RemoteClient(local(), { transport });
  afterAll(() => client.close());
  const members = async (module: string, fn: string, args: unknown[], runtime: "python" | "node") =>
    (await rejection(client.doRemoteCall(module, fn, args, { runtime }), RemoteExecError)).remote?.members;

  test("errno, code, status, returncode and their kin arrive, and nothing else of the exception does", async () => {
    expect(await members("builtins", "open", ["/no/such"], "python")).toEqual({ errno: 2, filename: "/no/such" });
    expect(await members("subprocess", "check_output", [["sh", "-c", "exit 3"]], "python")).toEqual({ returncode: 3 });
    const program = `class Status(Exception):
    status = 503
    status_code = True
    errno = 2 ** 60
    token = "secret"
    code = "x" * 2000
    @property
    def signal(self): raise RuntimeError("hostile")
raise Status("unavailable")`;
    expect(await members("builtins", "exec", [program, {}], "python")).toEqual({
      status: 503,
      status_code: true,
      code: `${"x".repeat(1024)}…`,
    });
    const missing = { errno: -2, code: "ENOENT", syscall: "open", path: "/no/such" };
    expect(await members("node:fs", "readFileSync", ["/no/such"], "node")).toEqual(missing);
    expect(await members("builtins", "int", ["x"], "python")).toBeUndefined();
  });
});

describe("a call whose argument is a call that failed", () => {
  const client = new RemoteClient(local());
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  afterAll(async () => {
    process.off("unhandledRejection", note);
    await client.close();
  });

  test.each([
    ["kept on the host", {}],
    ["waited for", { workerName: "another" }],
  ])("has its error as the cause, %s, and only the last call needs a handler", async (_, options) => {
    await client.doRemoteCall("os", "getpid");
    const text = client.call("json", "loads", ["{"]);
    const error = await rejection(client.call("builtins", "len", [text], options), RemoteExecError);
    expect(error).toMatchObject({ code: "dependency-failed", outcome: "not-run", stage: "arguments" });
    expect(error.message).toContain("json.loads raised json.decoder.JSONDecodeError");
    expect(error.cause).toBe(await rejection(text, RemoteExecError));
    expect(error.remote?.cause?.type).toBe("JSONDecodeError");
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  test("what a callback threw has no name in Node that a bundler made up", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-callback-"));
    try {
      await writeFile(join(directory, "asks.mjs"), "export const ask = async (callback) => await callback();");
      for (const thrown of [new Error("boom"), new RangeError("boom")]) {
        const callback = (): never => {
          throw thrown;
        };
        const error = await rejection(client.call("./asks.mjs", "ask", [callback], { runtime: "node", cwd: directory }), RemoteExecError);
        expect(error.remote).toMatchObject({ type: thrown.name, message: "boom" });
        expect(error.cause).toBe(thrown);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
