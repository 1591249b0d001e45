/* Whatever a service makes of a result on its way, what is handed over has the digest that the host told, or it is an error. */
import { createHash } from "node:crypto";
import { TransferError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import type { RestContext, ScriptDialect } from "./dialect.ts";
import type { Done, Part } from "./report.ts";
import { resultOf } from "./result.ts";

const sum = (text: string): string => createHash("sha256").update(text).digest("hex");
const part = (text: string, more: Partial<Part> = {}): Part => ({
  size: text.length,
  sha256: sum(text),
  bytes: Buffer.from(text),
  ...more,
});

/** What is handed over of a command that printed `stdout` and `stderr`, and which files of the service were read for it. */
async function taken(
  parts: { stdout: Part; stderr?: Part },
  files: Readonly<Record<string, string>> = {},
): Promise<{ out: string; err: string; read: string[] }> {
  const read: string[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only files are read here
  const dialect = {
    label: "service://",
    get: async (path: string, download: { take(chunk: Uint8Array): Promise<void> }) => {
      read.push(path);
      const text = files[path];
      if (text === undefined) throw new TransferError("no-such-file", "not yet");
      await download.take(Buffer.from(text));
    },
  } as unknown as ScriptDialect;
  const attempt = { work: "/w", id: "1", splitAt: 4 } as never;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing is asked over HTTP
  const context = { signal: new AbortController().signal } as unknown as RestContext;
  const report: Done = { kind: "done", exitCode: 0, stderr: part(""), truncated: false, ...parts };
  await using result = await resultOf(report, { dialect, stage: "exec", attempt, visibilityTimeout: 0, release: () => undefined }, context);
  const chunks: Uint8Array[] = [];
  await result.stdout(async (chunk) => void chunks.push(chunk));
  return { out: Buffer.concat(chunks).toString(), err: Buffer.from(result.stderr).toString(), read };
}

describe("G19 a result", () => {
  test("that came along whole is taken, and no file is read", async () => {
    expect(await taken({ stdout: part("out"), stderr: part("err") })).toEqual({ out: "out", err: "err", read: [] });
  });

  test("that was changed on the way is read as a file, also in parts", async () => {
    const changed = { bytes: Buffer.from("evil!!") };
    const files = { "/w/1/err": "bad", "/w/1/out.aaaa": "good", "/w/1/out.aaab": "!!" };
    expect(await taken({ stdout: part("good!!", changed), stderr: part("bad", { bytes: Buffer.from("mad") }) }, files)).toEqual({
      out: "good!!",
      err: "bad",
      read: Object.keys(files),
    });
  });

  test.each([
    ["its file was changed, too", part("good", { bytes: undefined }), { "/w/1/out": "evil" }],
    ["one part of it was", part("good!!", { bytes: undefined }), { "/w/1/out.aaaa": "good", "/w/1/out.aaab": "??" }],
  ])("where %s is an error", async (_, stdout, files) => {
    await expect(taken({ stdout }, files)).rejects.toMatchObject({
      code: "transfer-failed",
      message: "the SHA-256 of what arrived is not that of what the host has",
    });
  });

  test("of which the service sends more than there is is given up at once", async () => {
    await expect(taken({ stdout: part("good", { bytes: undefined }) }, { "/w/1/out": "good and more" })).rejects.toMatchObject({
      code: "transfer-failed",
      message: "the server sends more than the file's 4 bytes",
    });
  });

  test("of a host that cannot tell its digest is an error, though it came along", async () => {
    await expect(taken({ stdout: part("good", { sha256: undefined }) })).rejects.toMatchObject({
      code: "transfer-failed",
      hint: expect.stringContaining("sha256sum") as string,
    });
  });
});
