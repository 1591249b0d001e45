import { inspect } from "node:util";
import { expect, test } from "vitest";
import { ConnectError, RemoteExecError, SremoteError } from "./error.ts";

test("printing an error says everything once", () => {
  const error = new ConnectError("connect-refused", "nothing listens", {
    host: "ssh://me@h:22",
    hint: "start sshd",
    stage: "connect",
    lastLines: "line one",
  });
  const text = inspect(error);
  for (const part of ["nothing listens", "ssh://me@h:22", "start sshd", "line one"]) expect(text.split(part)).toHaveLength(2);
  expect(text).toContain("code: 'connect-refused'");
  expect(text).not.toContain("callId");
  expect(error).toMatchObject({ host: "ssh://me@h:22", hint: "start sshd", summary: "nothing listens", lastLines: "line one" });
});

test("output and remote failure of a call can be read, and are not printed", () => {
  const error = new RemoteExecError("raised", "it raised", {
    outcome: "raised",
    stdout: "a long output",
    remote: { code: "raised", stage: "call", message: "x" },
  });
  expect(error.stdout).toBe("a long output");
  expect(error.remote?.message).toBe("x");
  expect(inspect(error)).not.toContain("a long output");
});

test("from keeps our errors and wraps others", () => {
  const own = new ConnectError("connect-refused", "x");
  expect(SremoteError.from(own, "raised")).toBe(own);
  const wrapped = SremoteError.from(new TypeError("boom"), "endpoint-broken");
  expect(wrapped).toMatchObject({ code: "endpoint-broken", summary: "boom" });
  expect(wrapped.cause).toBeInstanceOf(TypeError);
});
