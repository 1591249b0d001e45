import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InvalidArgumentError, TransferError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { defineCase, quote } from "../case.ts";
import type { ConnectorCase, Stage } from "../case.ts";
import { bytesOf, listing } from "./file.ts";

export const failureCases: readonly ConnectorCase[] = [
  defineCase("a push into a missing directory is no-such-file", async (stage) => {
    await failedPush(stage, `${stage.directory}/missing/file`, "no-such-file");
  }),
  defineCase("a push onto a directory is not-a-file", async (stage) => {
    await stage.run(`mkdir ${quote(`${stage.directory}/sub`)}`);
    await failedPush(stage, `${stage.directory}/sub`, "not-a-file");
    assert.equal(await stage.run(`ls -A ${quote(`${stage.directory}/sub`)}`), "");
    assert.equal(await listing(stage), "sub\n");
  }),
  defineCase("a push where one may not write is permission-denied", async (stage) => {
    // Not even root creates files in sysfs. Elsewhere, and for others, the root directory will do.
    const path = (await stage.run("if [ -d /sys/kernel ]; then echo /sys/x; elif [ ! -w / ]; then echo /x; fi")).trim();
    if (path !== "") await failedPush(stage, path, "permission-denied");
  }),
  defineCase("G26 a pull of a missing file is no-such-file", async (stage) => {
    await failedPull(stage, `${stage.directory}/missing`, "no-such-file");
  }),
  defineCase("a pull of a directory is not-a-file", async (stage) => {
    await failedPull(stage, stage.directory, "not-a-file");
  }),
  defineCase("a pull of a pipe is not-a-file, and does not wait", async (stage) => {
    await stage.run(`mkfifo ${quote(`${stage.directory}/pipe`)}`);
    await failedPull(stage, `${stage.directory}/pipe`, "not-a-file");
  }),
  defineCase("a pull of what one may not read is permission-denied", async (stage) => {
    // Root reads everything but what sysfs marks as write-only.
    const script = `f=${quote(`${stage.directory}/file`)}; : > "$f"; chmod 000 "$f"
for f in "$f" /sys/bus/*/drivers_probe; do ( : < "$f" ) 2>/dev/null || { [ -e "$f" ] && printf %s "$f" && exit; }; done; exit 0`;
    const path = await stage.run(script);
    if (path !== "") await failedPull(stage, path, "permission-denied");
  }),
  defineCase("wrong arguments are named before anything happens", async (stage) => {
    const { connector, directory, rejection } = stage;
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
      assert.ok(error.message.startsWith(`${argument}:`), `must name ${argument}: ${error.message}`);
    }
    assert.equal(await listing(stage), "");
  }),
];

async function failedPush(stage: Stage, path: string, code: Code): Promise<void> {
  const error = await stage.rejection(stage.connector.push(bytesOf(1000), path), TransferError, code);
  assert.equal(error.host, stage.connector.label);
}

async function failedPull(stage: Stage, path: string, code: Code): Promise<void> {
  const target = join(stage.localDirectory, "target");
  const error = await stage.rejection(stage.connector.pull(path, { path: target }), TransferError, code);
  assert.equal(error.host, stage.connector.label);
  assert.deepEqual(await readdir(stage.localDirectory), []);
}
