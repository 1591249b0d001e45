/* Functions of the caller's that throw: each is told, ends at most what it belongs to, and never the program. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Told } from "../support/throwing-child.ts";

const program = fileURLToPath(new URL("../support/throwing-child.ts", import.meta.url));

test.each(["ssh", "openssh", "local"])("functions that throw end no program, over %s", { timeout: 120_000 }, async (kind) => {
  const child = fork(program, [kind], { silent: true });
  let said = "";
  child.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()));
  let told: Told | undefined;
  child.on("message", (message) => (told = message as Told));
  const [exitCode] = (await once(child, "close")) as [number | null];
  expect(exitCode, said.slice(0, 4000)).toBe(0);
  const { "onWait of spawn": waited, ...ends } = told!.ends;
  const boom = expect.stringContaining("boom") as string;
  // Warned of, and without effect on the run.
  const fine = "gave exit: no error";
  expect(ends).toEqual({
    "a stream for the output of a call": boom,
    "a callback": boom,
    "a getter of what a callback gives": boom,
    "onInput of exec": boom,
    "onProgress of push": "rejected: push: options.onProgress threw: boom",
    "onProgress of pull": "rejected: pull: options.onProgress threw: boom",
    "write of pull": boom,
    "a handler of start": fine,
    "a handler of end": fine,
    "a handler of over": fine,
    "a handler of line": "gave error: an output handler threw: boom",
    "onProgress of a fleet's push": boom,
    "filter of a fleet's push": boom,
    "a function that makes connectors": boom,
    "what ends an author's process, of which too much comes before it begins": expect.stringMatching(/did not start the command/) as string,
    "what ends the process of a session": expect.stringMatching(/^rejected: .*did not start the endpoint/) as string,
  });
  expect(waited).toBe(kind === "local" ? "gave 0 " : "gave 0 boom");
  expect(told!.warnings).toEqual(["start", "end", "over"].map((event) => `a handler of "${event}" threw: boom`));
});
