import { spawnSync } from "node:child_process";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { ConnectError, RemoteExecError, SremoteError } from "./error.ts";

const options = { host: "ssh://me@h:22", hint: "start sshd", stage: "connect", lastLines: "line one\nline two" };
const parts = ["nothing listens", "a second line", "ssh://me@h:22", "start sshd", "line one", "line two"];
const details = `a second line
host: ssh://me@h:22
last lines:
  line one
  line two
hint: start sshd`;
const made = (): ConnectError => new ConnectError("connect-refused", "nothing listens\na second line", options);
const once = (text: string): void => {
  for (const part of parts) expect(text.split(part), `${part} in ${text}`).toHaveLength(2);
};

test("the message is one line, the details say the rest, and each part can be read by itself", () => {
  const error = made();
  expect(error).toMatchObject({ ...options, message: "nothing listens", details, name: "ConnectError" });
  expect(String(error)).toBe("ConnectError: nothing listens");
  expect(error.stack).toMatch(/^ConnectError: nothing listens\n {4}at /);
  expect(new ConnectError("connect-refused", "x").details).toBe("");
});

test("printing an error says everything once, its details as lines below the message", () => {
  const text = inspect(made());
  once(text);
  expect(text).toMatch(/^ConnectError: nothing listens\n {2}a second line\n {2}host: [^]*\n {2}hint: start sshd\n {4}at /);
  expect(text).toContain("code: 'connect-refused'");
  expect(text).not.toMatch(/callId|details/);
});

test("so it is as a cause, in an AggregateError, in a list, and without a stack", () => {
  const cause = made();
  once(inspect(new Error("outer", { cause })));
  once(inspect(new AggregateError([cause], "several")));
  once(inspect({ failed: [cause] }, { depth: 5 }));
  once(inspect(Object.assign(made(), { stack: undefined })));
  once(inspect(Object.assign(made(), { stack: "at another place" })) + cause.message);
});

test("an uncaught error prints everything once", () => {
  const program = `import { ConnectError } from ${JSON.stringify(new URL("error.ts", import.meta.url).href)};
throw new ConnectError("connect-refused", process.argv[1], JSON.parse(process.argv[2]));`;
  const run = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
  const { stderr } = spawnSync(process.execPath, [...run, "nothing listens\na second line", JSON.stringify(options)], { encoding: "utf8" });
  once(stderr.replace(/^.*^throw [^\n]*\n/ms, ""));
  expect(stderr).toMatch(/^ConnectError: nothing listens$/m);
});

test("JSON has name, message and details; a structured clone has name, message and stack", () => {
  const error = made();
  expect(JSON.parse(JSON.stringify({ error }))).toEqual({
    error: { name: "ConnectError", message: "nothing listens", code: "connect-refused", stage: "connect", details },
  });
  const clone = structuredClone(error);
  expect(clone).toBeInstanceOf(Error);
  expect([clone.message, clone.stack]).toEqual([error.message, error.stack]);
});

test("a program may name another host and hint, or none", () => {
  expect(made().detailsWith({ host: "", hint: "see --help" })).toBe("a second line\nlast lines:\n  line one\n  line two\nhint: see --help");
});

test("output and remote failure of a call can be read, and are not printed", () => {
  const error = new RemoteExecError("raised", "it raised", {
    outcome: "raised",
    stdout: "a long output",
    remote: { code: "raised", stage: "call", message: "x" },
  });
  expect(error.stdout).toBe("a long output");
  expect(error.remote?.message).toBe("x");
  expect(inspect(error) + JSON.stringify(error)).not.toContain("a long output");
});

test("from keeps our errors and wraps others", () => {
  const own = new ConnectError("connect-refused", "x");
  expect(SremoteError.from(own, "raised")).toBe(own);
  const wrapped = SremoteError.from(new TypeError("boom"), "endpoint-broken");
  expect(wrapped).toMatchObject({ code: "endpoint-broken", message: "boom" });
  expect(wrapped.cause).toBeInstanceOf(TypeError);
});
