/* A run as people watch it. */
import type { Writable } from "node:stream";
import { stripVTControlCharacters, styleText } from "node:util";
import { hostText, InvalidArgumentError, checkOptionNames, type OptionNames, given } from "@sremote/protocol";
import { type ColorChoice, isColored } from "../color.ts";
import { fold } from "../node-set/index.ts";
import { describeEnd, type Job } from "@sremote/process";
import { hostOf, type Run } from "../run/index.ts";
import { formatDuration } from "../time/index.ts";
import { countsOf, formatCounts, type JobKind, kindOf } from "./counts.ts";

export interface DisplayOptions {
  /** Where it is shown. @default standard error */
  writeTo?: (Writable & { isTTY?: boolean; columns?: number }) | undefined;
  /** Lines of output with the host's name before them, above the progress. @default true */
  lines?: boolean | undefined;
  /**
   * The state of each host that has not ended well, below the progress line, in at most so many lines. Only on a terminal.
   *
   * @default 8; 0: none
   */
  hostLines?: number | undefined;
  /** Only on a terminal. @default the configuration's, which is `auto`: if `NO_COLOR` is not set */
  color?: ColorChoice | undefined;
  /** Aborting ends the display, not the run: it rejects with the code `cancelled` at once. @default none */
  signal?: AbortSignal | undefined;
}

const optionNames: OptionNames<DisplayOptions> = { writeTo: true, lines: true, hostLines: true, color: true, signal: true };

/** Milliseconds between two drawings; people see no more. */
const frame = 100;
/** Characters of a line of output; a run keeps the whole. */
const longestLine = 16_384;
const colors: Partial<Record<JobKind, "red" | "yellow" | "cyan">> = { failed: "red", unreachable: "yellow", running: "cyan" };
/** What is worth seeing first. */
const order: readonly JobKind[] = ["failed", "unreachable", "running", "connecting", "waiting"];

/**
 * Shows a run until it has ended: on a terminal a progress line that changes, with the hosts' states below it; elsewhere a line for each host that
 * did not end well, and one at the end. Output of hosts comes above, as whole lines. Resolves when the run has ended; never throws for a host.
 *
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { display, fleet } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * await display(nodes.run("apt-get update"), { hostLines: 4 });
 * ```
 */
export async function display(run: Run, options: DisplayOptions = {}): Promise<void> {
  if (typeof (run as Partial<Run> | null | undefined)?.on !== "function") throw new InvalidArgumentError("run", "a Run");
  checkOptionNames(options, optionNames);
  const { writeTo: stream = process.stderr, lines = true, hostLines = 8 } = options;
  if (typeof stream.write !== "function") throw new InvalidArgumentError("options.writeTo", "a stream");
  if (!Number.isSafeInteger(hostLines) || hostLines < 0)
    throw new InvalidArgumentError("options.hostLines", `a whole number, 0 or more${given(options.hostLines)}`);
  const isTerminal = stream.isTTY === true;
  const color = isTerminal && isColored([stream], options.color, run.color);
  const paint = (kind: JobKind, text: string): string => {
    const name = color ? colors[kind] : undefined;
    return name === undefined ? text : styleText(name, text, { validateStream: false });
  };
  const screen = new Screen(stream, isTerminal);
  const began = performance.now();
  const progress = (): string =>
    `${run.name}: ${formatCounts(countsOf(run.jobs))}  ${formatDuration(Math.floor((performance.now() - began) / 1000) * 1000)}`;
  const draw = (): void => screen.draw([progress(), ...states(run.jobs, hostLines, paint)]);
  const removers = [
    run.on("end", (job) => {
      if (!job.ok) screen.print(`${hostOf(job)}: ${paint(kindOf(job), describeEnd(job))}`);
    }),
    ...(lines ? [run.on("line", ({ host, text }) => screen.print(`${host}: ${hostText(text, { limit: longestLine })}`))] : []),
  ];
  const timer = isTerminal ? setInterval(draw, frame) : undefined;
  if (isTerminal) draw();
  try {
    await run.wait({ signal: options.signal });
  } finally {
    clearInterval(timer);
    for (const remove of removers) remove();
    screen.draw([]);
    screen.print(progress());
  }
}

/** Hosts by state, folded: `running: node[3-9]`. Those that ended well are only counted. */
function states(jobs: readonly Job[], most: number, paint: (kind: JobKind, text: string) => string): string[] {
  const byKind = Map.groupBy(jobs, kindOf);
  return order
    .filter((kind) => byKind.has(kind))
    .slice(0, most)
    .map((kind) => `  ${paint(kind, kind)}: ${fold(byKind.get(kind)!.map(hostOf))}`);
}

/** Lines that stay, and below them some that are drawn again and again. */
class Screen {
  readonly #stream: NonNullable<DisplayOptions["writeTo"]>;
  readonly #isTerminal: boolean;
  #drawn: readonly string[] = [];

  constructor(stream: NonNullable<DisplayOptions["writeTo"]>, isTerminal: boolean) {
    this.#stream = stream;
    this.#isTerminal = isTerminal;
  }

  print(line: string): void {
    const drawn = this.#drawn;
    this.#write(this.#erase() + `${this.#isTerminal ? line : stripVTControlCharacters(line)}\n`);
    this.draw(drawn);
  }

  draw(lines: readonly string[]): void {
    if (!this.#isTerminal) return;
    const width = (this.#stream.columns ?? 80) - 1;
    const text = this.#erase();
    // A line that wraps would be two to erase.
    this.#drawn = lines.map((line) => cut(line, width));
    this.#write(text + this.#drawn.map((line) => `${line}\n`).join(""));
  }

  #erase(): string {
    const count = this.#drawn.length;
    this.#drawn = [];
    // Up so many lines, and clear to the end of the screen.
    return count === 0 ? "" : `\u001b[${count}A\u001b[J`;
  }

  #write(text: string): void {
    if (text !== "") this.#stream.write(text);
  }
}

function cut(line: string, width: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, width - 1)}…`;
}
