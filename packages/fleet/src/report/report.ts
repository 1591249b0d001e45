/* Reports on what was run, and on reports. */
import { checkOptionNames, type OptionNames, checkList, checkString } from "@sremote/protocol";
import { type ColorChoice, isColored } from "../color.ts";
import { statsOf, sumStats } from "./stats.ts";
import type { Stats } from "./stats.ts";
import { formatTable } from "./table.ts";
import type { Row } from "./table.ts";
import type { ProcessRecord } from "@sremote/process";

/** What a report can tell of: a run, a group of runs, or another report. */
export interface Reportable {
  readonly name: string;
  stats(): Stats;
  /** Whether its reports are coloured. */
  readonly color?: ColorChoice | undefined;
  /** The parts that have lines of their own. */
  reports?(): readonly Reportable[];
}

export interface ReportOutputOptions {
  /** Everything of a part on one line of about 160 columns, instead of two within 80. @default false */
  wide?: boolean | undefined;
  /** Only the total. @default false */
  brief?: boolean | undefined;
  /** `auto`: if stdout and stderr are terminals and `NO_COLOR` is not set. @default as the first part says, and so its configuration */
  color?: ColorChoice | undefined;
}

const outputOptionNames: OptionNames<ReportOutputOptions> = { wide: true, brief: true, color: true };

/** Adds up what its parts tell at the moment it is asked. */
export class Report implements Reportable {
  readonly name: string;
  readonly #parts: Reportable[];

  constructor(parts: Iterable<Reportable> = [], name = "Report") {
    checkString(name, "name");
    this.name = name;
    this.#parts = checkList(parts, "parts", "a run or a report", isReportable);
  }

  /** One more, or several. A part that is there already is not counted twice. */
  add(...parts: readonly Reportable[]): this {
    for (const part of checkList(parts, "parts", "a run or a report", isReportable))
      if (!this.#parts.includes(part)) this.#parts.push(part);
    return this;
  }

  /** The parts by their start; those that have not started come last, in the order in which they were added. */
  reports(): Reportable[] {
    const starts = new Map(this.#parts.map((part) => [part, part.stats().startDate?.getTime() ?? Infinity]));
    // Infinity - Infinity is no order.
    return this.#parts.toSorted((left, right) => (starts.get(left) === starts.get(right) ? 0 : starts.get(left)! - starts.get(right)!));
  }

  get color(): ColorChoice | undefined {
    return this.#parts.find(({ color }) => color !== undefined)?.color;
  }

  stats(): Stats {
    return sumStats(this.#parts.map((part) => part.stats()));
  }

  /** A table: a line for each part, two blanks deeper for its parts, and the total last. */
  output(options: ReportOutputOptions = {}): string {
    checkOptionNames(options, outputOptionNames);
    const rows = options.brief === true ? [] : this.reports().flatMap((part) => rowsOf(part, 0));
    rows.push({ name: "Total", depth: 0, stats: this.stats() });
    return formatTable(rows, options.wide ?? false, isColored([process.stdout, process.stderr], options.color, this.color));
  }
}

/**
 * A part made of plain records, such as the processes of one command.
 *
 * @example
 * ```ts
 * import { fleet, Report, reportOn } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * const { jobs } = await nodes.run("true");
 * console.log(new Report([reportOn("first step", jobs)]).output());
 * ```
 */
export function reportOn(name: string, processes: Iterable<ProcessRecord>): Reportable {
  checkString(name, "name");
  const all = checkList(processes, "processes", "a process or a record of one", (each) => typeof each === "object" && each !== null);
  return { name, stats: () => statsOf(all) };
}

function isReportable(part: Reportable | undefined | null): boolean {
  return typeof part?.stats === "function";
}

function rowsOf(part: Reportable, depth: number): Row[] {
  return [{ name: part.name, depth, stats: part.stats() }, ...(part.reports?.() ?? []).flatMap((each) => rowsOf(each, depth + 1))];
}
