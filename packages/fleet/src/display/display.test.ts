import { Writable } from "node:stream";
import { local } from "@sremote/connectors";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Fleet, fleet, type FleetOptions } from "../fleet/index.ts";
import { parallel } from "../run/index.ts";
import { until } from "../../../../scripts/labs/wait.ts";
import { countsOf, formatCounts } from "./counts.ts";
import { display } from "./display.ts";

class Sink extends Writable {
  text = "";
  isTTY: boolean;
  columns = 60;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  /** What a terminal would show now. */
  get screen(): string[] {
    const rows: string[] = [""];
    // No control characters in patterns: the linter takes them for mistakes.
    for (const part of this.text.replaceAll("\u001b", "␛").split(/(␛\[\d*[AJ]|\n)/)) {
      const up = /^␛\[(\d+)A$/.exec(part)?.[1];
      if (part === "\n") rows.push("");
      else if (up !== undefined) rows.splice(rows.length - 1 - Number(up), Infinity, "");
      else if (part !== "␛[J") rows[rows.length - 1] += part;
    }
    return rows;
  }
}

const opened: Fleet[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(opened.splice(0).map((each) => each.close()));
});
function open(names: string, options: FleetOptions = {}): Fleet {
  const made = fleet(names, { connect: () => local(), logLevel: "silent", ...options });
  opened.push(made);
  return made;
}

describe("a run that is watched", () => {
  test("on a terminal has its progress and states below its output, and leaves one line behind", async () => {
    const stream = new Sink(true);
    const run = open("node[1-12]").run("[ {{{name}}} != node2 ] || exit 3; [ {{{name}}} != node7 ] || read -r x; echo hello", {
      stdin: true,
      concurrency: 20,
      name: "greet",
    });
    const shown = display(run, { writeTo: stream, color: false });
    await until("only one is left", () => countsOf(run.jobs).running === 1 && countsOf(run.jobs).ok === 10);
    await until("it is drawn", () => stream.screen.some((line) => line.startsWith("greet: 11/12 done: 10 ok, 1 failed; 1 running")));
    const now = stream.screen;
    expect(now.slice(-3)).toEqual(["  failed: node2", "  running: node7", ""]);
    expect(now.filter((line) => /^node\d+: hello$/.test(line))).toHaveLength(10);
    expect(now).toContain("node2: exit status 3");
    await run.jobs[6]!.write("\n");
    await shown;
    expect(stream.screen.at(-2)).toMatch(/^greet: 12\/12 done: 11 ok, 1 failed {2}\S+$/);
    expect(stream.screen.filter((line) => line.startsWith("  "))).toEqual([]);
  });

  test("what is no run is refused", async () => {
    for (const wrong of [undefined, null, 3, {}]) {
      await expect(display(wrong as never)).rejects.toMatchObject({ code: "invalid-argument", message: "run must be a Run" });
    }
  });

  test("elsewhere has plain lines: output, what failed, and how it ended", async () => {
    const stream = new Sink(false);
    const run = open("a[1-2]").run("printf 'x\\033[31my\\n'; exit {{{index}}}", { name: "r" });
    await display(run, { writeTo: stream });
    const lines = stream.text.trimEnd().split("\n");
    expect(lines.slice(0, -1).toSorted()).toEqual(["a1: xy", "a2: exit status 1", "a2: xy"]);
    expect(lines.at(-1)).toMatch(/^r: 2\/2 done: 1 ok, 1 failed {2}0s$/);
  });

  test("is cut to the width of the terminal, and coloured if asked", async () => {
    const stream = new Sink(true);
    stream.columns = 30;
    const run = open("some-long-name[1,3,5,7,9]").run("false", { name: "r" });
    await display(run, { writeTo: stream, lines: false, color: true });
    expect(
      Math.max(
        ...stream.text
          .split("\n")
          .filter((line) => line.startsWith("  "))
          .map(({ length }) => length),
        0,
      ),
    ).toBeLessThan(40);
    expect(stream.text).toContain("\u001b[31mexit status 1");
  });

  test.each([
    ["by itself", {}, {}, undefined, true],
    ["with NO_COLOR", {}, {}, "1", false],
    ["where it is empty", {}, {}, "", true],
    ["where the configuration says so", { color: false }, {}, undefined, false],
    ["where the configuration says so, in spite of NO_COLOR", { color: true }, {}, "1", true],
    ["where the call says otherwise", { color: true }, { color: false }, undefined, false],
    ["where the call says otherwise than the configuration", { color: false }, { color: "auto" }, undefined, true],
  ] as const)("is coloured on a terminal, %s, and nowhere else", async (_, configuration, options, noColor, expected) => {
    vi.stubEnv("NO_COLOR", noColor);
    const hosts = open("a", configuration);
    for (const isTTY of [true, false]) {
      const stream = new Sink(isTTY);
      // A run of runs says what its parts say.
      await display(parallel([hosts.run("false")]), { ...options, writeTo: stream });
      expect(stream.text.includes("\u001b[31m")).toBe(isTTY && expected);
    }
  });

  test("is counted", () => {
    expect(formatCounts({ total: 64, waiting: 16, connecting: 4, running: 32, ok: 10, failed: 1, unreachable: 1 })).toBe(
      "12/64 done: 10 ok, 1 failed, 1 unreachable; 32 running, 4 connecting, 16 waiting",
    );
    expect(formatCounts(countsOf([]))).toBe("0/0 done: 0 ok");
  });
});
