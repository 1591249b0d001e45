/* Reports as text. */
import { styleText } from "node:util";
import { formatDate, formatDuration } from "../time/index.ts";
import type { Stats } from "./stats.ts";

export interface Row {
  readonly name: string;
  /** Levels below the top, two blanks each. */
  readonly depth: number;
  readonly stats: Stats;
}

interface Column {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly alignRight?: boolean;
}

const times: readonly Column[] = [
  { title: "Name", text: ({ name, depth }) => "  ".repeat(depth) + name },
  { title: "start", text: ({ stats }) => formatDate(stats.startDate) },
  { title: "end", text: ({ stats }) => formatDate(stats.endDate) },
  {
    title: "length",
    text: ({ stats: { startDate, endDate } }) => (startDate && endDate ? formatDuration(endDate.getTime() - startDate.getTime()) : ""),
  },
];
const number = (title: string, value: (stats: Stats) => number): Column => ({
  title,
  text: ({ stats }) => String(value(stats)),
  alignRight: true,
});
const counts: readonly Column[] = [
  number("started", ({ started }) => started),
  number("ended", ({ ended }) => ended),
  number("error", ({ errors }) => errors),
  number("unreach", ({ unreachable }) => unreachable),
  number("timeout", ({ timeouts }) => timeouts),
  number("fkilled", ({ forcedKills }) => forcedKills),
  number("ret!=0", ({ nonZeroExitCodes }) => nonZeroExitCodes),
  number("ok", ({ ok }) => ok),
  number("total", ({ numProcesses }) => numProcesses),
];

/**
 * A heading, and a line for each row; two lines for each where it must fit 80 columns.
 *
 * @param wide about 160 columns, everything of a row on one line
 */
export function formatTable(rows: readonly Row[], wide: boolean, color: boolean): string {
  const groups = wide ? [[...times, ...counts]] : [times, counts];
  const widths = new Map(groups.flat().map((column) => [column, widest(column, rows)]));
  const line = (columns: readonly Column[], text: (column: Column) => string): string => {
    const cells = columns.map((column) => {
      const width = widths.get(column) ?? 0;
      return column.alignRight === true ? text(column).padStart(width) : text(column).padEnd(width);
    });
    // What is below a name is set in, so that names stand out.
    return ((columns === counts ? "    " : "") + cells.join("  ")).trimEnd();
  };
  const heading = groups.map((columns) => line(columns, ({ title }) => title));
  const rule = "-".repeat(Math.max(...groups.map((columns) => line(columns, (column) => "-".repeat(widths.get(column) ?? 0)).length)));
  const body = rows.flatMap((row) =>
    groups.map((columns) =>
      paint(
        line(columns, ({ text }) => text(row)),
        row.stats,
        color,
      ),
    ),
  );
  return [...heading, rule, ...body].map((each) => `${each}\n`).join("");
}

function widest({ title, text }: Column, rows: readonly Row[]): number {
  return Math.max(title.length, ...rows.map((row) => text(row).length));
}

/** As execo: what has gone well so far but has not ended warns, what has gone wrong is an error. */
function paint(text: string, { ok, ended, numProcesses }: Stats, color: boolean): string {
  if (!color || ok >= numProcesses) return text;
  return styleText(ok === ended ? "yellow" : "red", text, { validateStream: false });
}
