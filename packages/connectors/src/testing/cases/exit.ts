import assert from "node:assert/strict";
import { defineCase } from "../case.ts";
import type { ConnectorCase } from "../case.ts";

const codes = [0, 7, 126, 137, 255];

export const exitCases: readonly ConnectorCase[] = [
  ...codes.map((code) =>
    defineCase(`G02 a command's exit code ${code} is its own`, async ({ exec }) => {
      const result = await exec(`exit ${code}`);
      assert.deepEqual([result.exitCode, result.signal], [code, null]);
    }),
  ),
  defineCase("death by signal is told apart from an exit code, or is 128 + its number where a shell is between", async ({ exec }) => {
    const { exitCode, signal } = await exec("kill -KILL $$; exit 0");
    if (exitCode === null) assert.equal(signal, "SIGKILL");
    else assert.deepEqual([exitCode, signal], [137, null]);
  }),
  defineCase("a program that does not exist is exit code 127 with a message", async ({ connector }) => {
    const result = await connector.exec(["sremote-no-such-program"]);
    assert.equal(result.exitCode, 127);
    assert.match(new TextDecoder().decode(result.stderr), /sremote-no-such-program/);
  }),
];
