import assert from "node:assert/strict";
import { SremoteError } from "@sremote/protocol";
import { defineCase } from "../case.ts";
import type { ConnectorCase } from "../case.ts";
import { assertSameBytes } from "../same-bytes.ts";
import { everyByte, hostileArguments, printfFormat } from "../hostile.ts";
import { toBytes } from "../../byte-string.ts";

const megabytes20 = 20_000_000;
const everyByteScript = `printf '${printfFormat(everyByte)}'`;

/** Bytes of output that are still on their way when a command has ended and its input cannot be written any more. */
const unreadOutput = 200_000;

export const byteCases: readonly ConnectorCase[] = [
  defineCase("G31 stdout is byte-exact, with NUL and all 256 values", async ({ connector, exec }) => {
    if (!connector.acceptsStdin) return; // Such a connector promises exact bytes for files only.
    const result = await exec(everyByteScript);
    assertSameBytes(result.stdout, everyByte, "content");
    assert.equal(result.stderr.length, 0);
  }),
  defineCase("G31 stderr is byte-exact, with NUL and all 256 values, and apart from stdout", async ({ connector, exec }) => {
    if (!connector.acceptsStdin) return;
    const result = await exec(`printf out; ${everyByteScript} >&2`);
    assertSameBytes(result.stderr, everyByte, "content");
    assert.equal(new TextDecoder().decode(result.stdout), "out");
  }),
  defineCase("G31 stdin arrives byte-exact, in one piece or many", async ({ connector, exec, rejection }) => {
    if (!connector.acceptsStdin) {
      await rejection(exec("cat", { stdin: everyByte }), SremoteError, "unsupported");
      return;
    }
    assertSameBytes((await exec("cat", { stdin: everyByte })).stdout, everyByte, "content");
    const parts = Array.from(everyByte, (byte) => Uint8Array.of(byte));
    assertSameBytes((await exec("cat", { stdin: parts })).stdout, everyByte, "content");
  }),
  defineCase("onInput is called once, before the command has its input", async (fixture) => {
    const { connector, exec, directory, run } = fixture;
    if (connector.announcesInput !== true) return;
    const got = `${directory}/got`;
    const stdin = Buffer.from("x".repeat(1000));
    let told = 0;
    const announced = await exec("wc -c", { stdin, onInput: () => (told += 1) });
    assert.deepEqual([told, new TextDecoder().decode(announced.stdout).trim()], [1, "1000"]);
    const refusing = exec(`cat > '${got}'`, {
      stdin,
      onInput: () => {
        throw new Error("not now");
      },
    });
    await assert.rejects(refusing);
    assert.equal((await run(`cat '${got}' 2>/dev/null || :`)).length, 0);
    const aborted = AbortSignal.abort();
    await assert.rejects(exec("cat", { stdin, signal: aborted, onInput: () => (told += 1) }));
    assert.equal(told, 1, "what was aborted before has no input");
  }),
  defineCase("stdin is empty by default", async ({ run }) => {
    assert.equal((await run("wc -c", { timeout: 20_000 })).trim(), "0");
  }),
  defineCase("a command that does not read its stdin ends as it likes", async ({ connector, exec }) => {
    if (!connector.acceptsStdin) return;
    const result = await exec(`head -c ${unreadOutput} /dev/zero; exit 3`, { stdin: new Uint8Array(8 << 20) });
    assert.deepEqual([result.exitCode, result.stdout.length], [3, unreadOutput], "that input cannot be written takes no output away");
  }),
  defineCase("G08 every argument arrives as it was", async ({ connector }) => {
    const script = `for x; do printf %s "$x" | od -An -v -tx1; echo .; done`;
    const result = await connector.exec(["sh", "-c", script, "sh", ...hostileArguments]);
    const hex = new TextDecoder().decode(result.stdout).replaceAll(/\s/g, "").split(".").slice(0, -1);
    assert.deepEqual(
      hex,
      hostileArguments.map((argument) => Buffer.from(toBytes(argument)).toString("hex")),
    );
  }),
  defineCase("a script is one for sh: variables, pipes, newlines", async ({ run }) => {
    assert.equal(await run(`x='a  b'\nprintf '%s!' "$x" |\n tr a-z A-Z; echo '\\'`), "A  B!\\\n");
  }),
  defineCase("20 MB on stderr stop neither stdout nor the command", async ({ exec }) => {
    const result = await exec(`head -c ${megabytes20} /dev/zero | tr '\\0' e >&2; head -c 100000 /dev/zero | tr '\\0' o; exit 5`);
    assert.equal(result.exitCode, 5);
    assert.equal(result.stdout.length, 100_000);
    if (result.stderr.length < megabytes20) assert.equal(result.truncated, true, "G35 what was dropped is said");
  }),
  defineCase("G35 output beyond outputLimit is dropped, and said to be", async ({ exec }) => {
    const cut = await exec("head -c 300000 /dev/zero; exit 4", { outputLimit: 1000 });
    assert.deepEqual([cut.stdout.length, cut.truncated, cut.exitCode], [1000, true, 4]);
    const whole = await exec("head -c 1000 /dev/zero", { outputLimit: 1000 });
    assert.deepEqual([whole.stdout.length, whole.truncated ?? false], [1000, false]);
  }),
];
