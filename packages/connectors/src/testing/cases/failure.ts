import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InvalidArgumentError, TransferError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { defineCase, quote } from "../case.ts";
import type { ConnectorCase, Fixture } from "../case.ts";
import { bytesOf, listing } from "./file.ts";

export const failureCases: readonly ConnectorCase[] = [
  defineCase("a push into a missing directory is no-such-file", async (fixture) => {
    await failedPush(fixture, `${fixture.directory}/missing/file`, "no-such-file");
  }),
  defineCase("a push onto a directory is not-a-file", async (fixture) => {
    await fixture.run(`mkdir ${quote(`${fixture.directory}/sub`)}`);
    await failedPush(fixture, `${fixture.directory}/sub`, "not-a-file");
    assert.equal(await fixture.run(`ls -A ${quote(`${fixture.directory}/sub`)}`), "");
    assert.equal(await listing(fixture), "sub\n");
  }),
  defineCase("a push where one may not write is permission-denied", async (fixture) => {
    // Not even root creates files in sysfs. Elsewhere, and for others, the root directory will do.
    const path = (await fixture.run("if [ -d /sys/kernel ]; then echo /sys/x; elif [ ! -w / ]; then echo /x; fi")).trim();
    if (path !== "") await failedPush(fixture, path, "permission-denied");
  }),
  defineCase("G26 a pull of a missing file is no-such-file", async (fixture) => {
    await failedPull(fixture, `${fixture.directory}/missing`, "no-such-file");
  }),
  defineCase("a pull of a directory is not-a-file", async (fixture) => {
    await failedPull(fixture, fixture.directory, "not-a-file");
  }),
  defineCase("a pull of a pipe is not-a-file, and does not wait", async (fixture) => {
    await fixture.run(`mkfifo ${quote(`${fixture.directory}/pipe`)}`);
    await failedPull(fixture, `${fixture.directory}/pipe`, "not-a-file");
  }),
  defineCase("a pull of what one may not read is permission-denied", async (fixture) => {
    // Root reads everything but what sysfs marks as write-only.
    const script = `f=${quote(`${fixture.directory}/file`)}; : > "$f"; chmod 000 "$f"
for f in "$f" /sys/bus/*/drivers_probe; do ( : < "$f" ) 2>/dev/null || { [ -e "$f" ] && printf %s "$f" && exit; }; done; exit 0`;
    const path = await fixture.run(script);
    if (path !== "") await failedPull(fixture, path, "permission-denied");
  }),
  defineCase("wrong arguments are named before anything happens", async (fixture) => {
    const { connector, directory, rejection } = fixture;
    const bytes = bytesOf(3);
    const wrong: readonly (readonly [string, () => Promise<unknown>])[] = [
      // @ts-expect-error an empty argument vector
      ["command", () => connector.exec([])],
      ["command[1]", () => connector.exec(["echo", "a\0b"])],
      // @ts-expect-error a string is no command
      ["command", () => connector.exec("echo")],
      ["remotePath", () => connector.push(bytes, "relative")],
      ["remotePath", () => connector.push(bytes, `${directory}/a\0b`)],
      ["remotePath", () => connector.pull("relative", { write() {} })],
      ["remotePath", () => connector.push(bytes, `${directory}/`)],
      // @ts-expect-error a string is no source
      ["source", () => connector.push("text", `${directory}/file`)],
      // @ts-expect-error nothing is no sink
      ["sink", () => connector.pull(`${directory}/file`, {})],
      ["options.timeout", () => connector.exec(["true"], { timeout: -1 })],
      ["options.timeout", () => connector.push(bytes, `${directory}/file`, { timeout: Number.NaN })],
      ["options.mode", () => connector.push(bytes, `${directory}/file`, { mode: -1 })],
      ["options.outputLimit", () => connector.exec(["true"], { outputLimit: 0.5 })],
    ];
    for (const [argument, call] of wrong) {
      const error = await rejection(call(), InvalidArgumentError, "invalid-argument");
      assert.ok(error.message.startsWith(`${argument} `), `must name ${argument}: ${error.message}`);
    }
    assert.equal(await listing(fixture), "");
  }),
];

async function failedPush(fixture: Fixture, path: string, code: Code): Promise<void> {
  const error = await fixture.rejection(fixture.connector.push(bytesOf(1000), path), TransferError, code);
  assert.equal(error.host, fixture.connector.label);
}

async function failedPull(fixture: Fixture, path: string, code: Code): Promise<void> {
  const target = join(fixture.localDirectory, "target");
  const error = await fixture.rejection(fixture.connector.pull(path, { path: target }), TransferError, code);
  assert.equal(error.host, fixture.connector.label);
  assert.deepEqual(await readdir(fixture.localDirectory), []);
}
