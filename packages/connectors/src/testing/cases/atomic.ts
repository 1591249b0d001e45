import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SremoteError, TransferError } from "@sremote/protocol";
import { defineCase, quote } from "../case.ts";
import type { ConnectorCase } from "../case.ts";
import { assertSameBytes } from "../same-bytes.ts";
import { until } from "../wait.ts";
import { bytesOf, listing, pulled } from "./file.ts";

const mebibyte = 2 ** 20;

export const atomicCases: readonly ConnectorCase[] = [
  defineCase("G26 a reader sees the old file or the new one, never a part", async (fixture) => {
    const { connector, directory, run } = fixture;
    const file = quote(`${directory}/file`);
    const [a, b] = [bytesOf(mebibyte, 1), bytesOf(mebibyte, 2)];
    const sums: string[] = [];
    for (const content of [a, b]) {
      await connector.push(content, `${directory}/file`);
      sums.push((await run(`cksum < ${file}`)).trim());
    }
    const at = (name: string): string => quote(`${directory}/${name}`);
    const reader = run(
      `while :; do cksum < ${file} || echo missing; [ ! -e ${at("stop")} ] || break; done > ${at("looks")}; sort -u ${at("looks")}`,
    );
    const looks = async (): Promise<number> => Number(await run(`wc -l < ${at("looks")}`));
    await until("the reader has begun", async () => (await listing(fixture)).includes("looks"));
    // On a busy host the reader may get its turn late: without having looked often, it has seen nothing.
    for (let count = 0; count < 10 || (count < 200 && (await looks()) < 15); count += 1) {
      await connector.push(count % 2 === 0 ? a : b, `${directory}/file`);
    }
    await run(`echo > ${at("stop")}`);
    const seen = (await reader).trim().split("\n");
    for (const sum of seen) assert.ok(sums.includes(sum), `a reader saw ${sum}, which is neither of ${sums.join(", ")}`);
  }),
  defineCase("G26 an aborted push leaves the old content and no temporary file", async (fixture) => {
    const path = `${fixture.directory}/file`;
    const old = bytesOf(1000);
    await fixture.connector.push(old, path);
    const control = new AbortController();
    const push = fixture.connector.push(bytesOf(48 * mebibyte, 2), path, { signal: control.signal, onProgress: () => control.abort() });
    const timer = setTimeout(() => control.abort(), 30);
    await fixture.rejection(push, SremoteError, "cancelled").finally(() => clearTimeout(timer));
    assertSameBytes(await pulled(fixture, path), old, "content");
    await until("only the old file is left", async () => (await listing(fixture)) === "file\n");
  }),
  defineCase("G26 an aborted pull leaves the old local file and no temporary one", async (fixture) => {
    await fixture.connector.push(bytesOf(16 * mebibyte), `${fixture.directory}/file`);
    const target = join(fixture.localDirectory, "target");
    await writeFile(target, "old");
    const control = new AbortController();
    const pull = fixture.connector.pull(
      `${fixture.directory}/file`,
      { path: target },
      { signal: control.signal, onProgress: () => control.abort() },
    );
    const timer = setTimeout(() => control.abort(), 20);
    await fixture.rejection(pull, SremoteError, "cancelled").finally(() => clearTimeout(timer));
    assert.equal(await readFile(target, "utf8"), "old");
    await until("only the old file is left", async () => (await readdir(fixture.localDirectory)).join() === "target", 5000);
  }),
  defineCase("an aborted signal prevents push, pull and exec", async (fixture) => {
    const signal = AbortSignal.abort();
    const path = `${fixture.directory}/file`;
    await fixture.rejection(fixture.connector.push(bytesOf(10), path, { signal }), SremoteError, "cancelled");
    await fixture.rejection(fixture.connector.pull(path, { write() {} }, { signal }), SremoteError, "cancelled");
    await fixture.rejection(fixture.exec(`echo > ${quote(path)}`, { signal }), SremoteError, "cancelled");
    assert.equal(await listing(fixture), "");
  }),
  defineCase("G26 a sink that throws ends the pull with that error", async (fixture) => {
    await fixture.connector.push(bytesOf(mebibyte), `${fixture.directory}/file`);
    const cause = new Error("no room");
    const write = (): never => {
      throw cause;
    };
    const error = await fixture.rejection(fixture.connector.pull(`${fixture.directory}/file`, { write }), TransferError, "transfer-failed");
    assert.equal(error.cause, cause);
    assert.equal((await fixture.exec("exit 6")).exitCode, 6);
  }),
];
