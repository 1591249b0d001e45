import assert from "node:assert/strict";
import { SremoteError } from "@sremote/protocol";
import { shell } from "../../connector.ts";
import { defineCase, quote } from "../case.ts";
import type { ConnectorCase, Fixture } from "../case.ts";
import { until } from "../wait.ts";
import { listing } from "./file.ts";

export const endingCases: readonly ConnectorCase[] = [
  defineCase("an abort of exec ends the command and its children, and the connector stays usable", async (fixture) => {
    const control = new AbortController();
    const exec = fixture.exec(longScript(fixture), { signal: control.signal });
    const failed = fixture.rejection(exec, SremoteError, "cancelled");
    await until("the command has begun", async () => (await listing(fixture)).includes("ready"));
    control.abort();
    await failed;
    await ended(fixture);
  }),
  defineCase("a deadline of exec ends the command and its children, and the connector stays usable", async (fixture) => {
    // A service that is asked for the state of its jobs may need longer to begin one.
    const before = performance.now();
    assert.equal((await fixture.exec("exit 8")).exitCode, 8);
    const timeout = Math.max(1500, Math.ceil(3 * (performance.now() - before)));
    const begin = performance.now();
    await fixture.rejection(fixture.exec(longScript(fixture), { timeout }), SremoteError, "timeout");
    assert.ok(performance.now() - begin >= timeout - 100, "not before the deadline");
    assert.match(await listing(fixture), /ready/, "the command had begun");
    await ended(fixture);
  }),
  defineCase("a command that ends in time is not disturbed by its deadline", async ({ exec }) => {
    assert.equal((await exec("exit 9", { timeout: 30_000, signal: new AbortController().signal })).exitCode, 9);
  }),
  defineCase("spawn gives a live process: input and output alternate, and it can be ended", async ({ connector, directory, run }) => {
    if (connector.spawn === undefined) return;
    await using process = await connector.spawn(shell(`echo $$ > ${quote(`${directory}/pid`)}; exec cat`));
    process.stderr.resume();
    const lines = process.stdout[Symbol.asyncIterator]();
    for (const word of ["one", "two"]) {
      process.stdin.write(`${word}\n`);
      const { value } = await lines.next();
      assert.equal(String(value), `${word}\n`);
    }
    await process.kill("SIGTERM");
    const end = await process.exit;
    if (end.exitCode === null) assert.equal(end.signal, "SIGTERM");
    else assert.equal(end.exitCode, 143);
    await until("the process is gone", async () => !(await alive(run, directory, "pid")));
  }),
  defineCase("what a write to stdin has called back for may be overwritten", async ({ connector, directory, run }) => {
    if (connector.spawn === undefined) return;
    const path = quote(`${directory}/letters`);
    await using process = await connector.spawn(shell(`exec cat > ${path}`));
    process.stdout.resume();
    process.stderr.resume();
    const buffer = new Uint8Array(1 << 20);
    for (const letter of Buffer.from("abc")) {
      buffer.fill(letter);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      process.stdin.write(buffer, (error) => (error ? reject(error) : resolve()));
      await promise;
    }
    process.stdin.end();
    assert.equal((await process.exit).exitCode, 0);
    const counts = await run(`for letter in a b c; do tr -dc $letter < ${path} | wc -c; done`);
    assert.deepEqual(counts.trim().split(/\s+/).map(Number), [buffer.length, buffer.length, buffer.length]);
  }),
];

/** Leaves the process ids of itself and of a child, then waits for long. */
function longScript(fixture: Fixture): string {
  const at = (name: string): string => quote(`${fixture.directory}/${name}`);
  return `sleep 300 & echo $! > ${at("child")}; echo $$ > ${at("pid")}; echo > ${at("ready")}; wait`;
}

async function ended(fixture: Fixture): Promise<void> {
  for (const name of ["pid", "child"]) {
    await until(`process ${name} is gone`, async () => !(await alive(fixture.run, fixture.directory, name)), 5000);
  }
  assert.equal((await fixture.exec("exit 8")).exitCode, 8);
}

/** A zombie that init has not yet collected does not live. */
async function alive(run: Fixture["run"], directory: string, name: string): Promise<boolean> {
  const script = `p=$(cat ${quote(`${directory}/${name}`)})
if kill -0 "$p" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$p/status" 2>/dev/null; then echo yes; else echo no; fi`;
  return (await run(script)).trim() === "yes";
}
