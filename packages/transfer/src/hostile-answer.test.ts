/* Answers of a host to a transfer that are no answers: an error of ours each, in bounded memory. */
import type { Connector, ExecResult } from "@sremote/connectors";
import { hostLimits, SremoteError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { FrameReader } from "./frame.ts";
import { HostRuns } from "./host-run.ts";
import { AnswerReader } from "./shell-answer.ts";
import { ShellExchange } from "./shell-exchange.ts";

const marker = "0123456789abcdef";

async function* chunks(...given: readonly (Buffer | string)[]): AsyncGenerator<Buffer> {
  for (const chunk of given) yield Buffer.from(chunk);
}

describe("G20 noise before the host's part of a transfer", () => {
  test.each([
    [-1, "+"],
    [0, "+"],
    [1, expect.objectContaining({ code: "limit-exceeded" }) as unknown],
  ])("at its limit and %i", async (step, expected) => {
    const reader = new FrameReader(chunks(Buffer.alloc(hostLimits.noise - 9), Buffer.alloc(9 + step), `${marker}+`), marker);
    expect(await reader.start().catch((error: unknown) => error)).toEqual(expected);
  });
});

const unused = (): never => {
  throw new Error("only commands and files are expected");
};

/** Says so many bytes behind the marker that it is asked for, however that is asked for. */
function hostOf(answer: (line: string) => Iterable<Buffer>, acceptsStdin: boolean): Connector {
  let line = "";
  return {
    label: "hostile://",
    acceptsStdin,
    async exec(command, options): Promise<ExecResult> {
      const text = (command as { shell: string }).shell;
      const isDirectory = text.includes("mktemp") && !text.includes("<");
      if (!isDirectory) line = text;
      const stdout = isDirectory
        ? Buffer.from("/tmp/sremote-transfer-x\n")
        : acceptsStdin
          ? Buffer.concat([...answer(line)])
          : Buffer.alloc(0);
      const most = options?.outputLimit ?? Number.POSITIVE_INFINITY;
      return { exitCode: 0, signal: null, stdout: stdout.subarray(0, most), stderr: Buffer.alloc(0), truncated: stdout.length > most };
    },
    push: async () => undefined,
    async pull(_, sink) {
      if (!("write" in sink)) throw new Error("only functions are expected");
      for (const chunk of answer(line)) await sink.write(chunk);
    },
    status: unused,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

describe("G20 an answer of a host that keeps no process", () => {
  test("over files ends at its limit", async () => {
    const block = Buffer.alloc(1 << 20);
    let given = 0;
    function* endless(): Generator<Buffer> {
      for (;;) {
        if ((given += block.length) > 2 * hostLimits.transferAnswer) throw new Error("it was read without end");
        yield block;
      }
    }
    const runs = new HostRuns(hostOf(endless, false), AbortSignal.timeout(60_000));
    await expect(runs.run(() => "true", [])).rejects.toMatchObject({ code: "limit-exceeded", hint: "copy parts of it" });
    expect(given - block.length).toBe(hostLimits.transferAnswer);
  });

  test.each(["end", "\nend", " \n\t\nend", "x\n\n =\nend", "lacks \u001b[2J\nend", "sha256\nend", ""])(
    "to what it has: %j",
    async (said) => {
      const answer = (line: string): Buffer[] => {
        const [, second = "", first = ""] = /printf '%s%s' (\w+) (\w+)/.exec(line) ?? [];
        return [Buffer.from(`${second}${first}${said}`)];
      };
      const host = hostOf(answer, true);
      const ended = await ShellExchange.start(host, new HostRuns(host, AbortSignal.timeout(60_000))).catch((error: unknown) => error);
      if (!(ended instanceof ShellExchange)) expect(ended).toBeInstanceOf(SremoteError);
    },
  );

  test.each([-1, Number.NaN, 4, Number.POSITIVE_INFINITY])("with a content of %d bytes where there are 3", (length) => {
    expect(() => new AnswerReader(Buffer.alloc(3), "hostile://").content(length)).toThrow(
      expect.objectContaining({ code: "protocol-error" }),
    );
  });
});
