/* A host that does not say what it must before a command begins: the start fails, in bounded memory and linear time. */
import { PassThrough, Readable } from "node:stream";
import type { SpawnedProcess } from "@sremote/connectors";
import { hostLimits } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { readBegun, readPid } from "./gated-command.ts";
import { LineTap } from "./lines.ts";

const marker = "0123456789abcdef0123456789abcdef";

function processOf(stdout: Readable): SpawnedProcess {
  return { stdout, exit: Promise.resolve({ exitCode: 0, signal: null }) } as unknown as SpawnedProcess;
}

/** In one chunk each. */
const saying = (...chunks: readonly (Buffer | string)[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
const tooMuch = expect.objectContaining({ code: "limit-exceeded", host: "ssh://host" }) as unknown;

describe("G20 a command behind a gate", () => {
  test.each([
    [-1, 4711],
    [0, 4711],
    [1, tooMuch],
  ])("after noise up to its limit and %i", async (step, expected) => {
    const noise = [Buffer.alloc(hostLimits.noise - 100, "n"), Buffer.alloc(99 + step, "n")];
    const found = readPid(processOf(saying(...noise, `\n${marker} 4711\n`)), marker, "ssh://host");
    expect(await found.catch((error: unknown) => error)).toEqual(expected);
  });

  test.each([
    ["its line", ` ${"1".repeat(hostLimits.markerLine)}`],
    ["a line without an end", "1".repeat(100_000)],
  ])("with too much in %s", async (_, rest) => {
    await expect(readPid(processOf(saying(`${marker}${rest}`, "1", "1\n")), marker, "ssh://host")).rejects.toEqual(tooMuch);
  });

  test.each(["", " ", " 0", " -1", " 1e3", " NaN", " 12345678901", " 1 2"])("with %j for its number", async (rest) => {
    const found = readPid(processOf(saying(`${marker}${rest}\n`)), marker, "ssh://host");
    await expect(found).rejects.toMatchObject({ code: "protocol-error", host: "ssh://host" });
  });

  test("in drops, of which the end is in the error", async () => {
    const stdout = Readable.from(Array.from({ length: 20_000 }, (_, at) => Buffer.from(at === 19_999 ? "the end" : "n")));
    await expect(readPid(processOf(stdout), marker, "ssh://host")).rejects.toMatchObject({
      code: "channel-failed",
      lastLines: expect.stringMatching(/the end$/) as string,
    });
  });

  test("that is said to begin has its output behind that, and no pid where none is asked for", async () => {
    const stdout = new PassThrough();
    stdout.end(`${marker} begun\r\noutput`);
    expect(await readBegun(stdout, marker, "ssh://host")).toBe(true);
    expect((stdout.read() as Buffer).toString()).toBe("output");
  });
});

test("G20 a long line in drops takes a time that grows with its length", async () => {
  const lines: string[] = [];
  const tap = new LineTap(({ text }) => void lines.push(text));
  const [drop, began] = [Buffer.from("x"), performance.now()];
  for (let at = 0; at < 1_000_000; at += 1) await tap.chunk({ stream: "stdout", bytes: drop });
  await tap.chunk({ stream: "stdout", bytes: Buffer.from("y\nz") });
  await tap.end();
  expect(lines.map(({ length }) => length)).toEqual([1_000_001, 1]);
  expect(performance.now() - began).toBeLessThan(20_000);
});
