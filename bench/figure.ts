/* What a benchmark found, and how it is shown. */

export type Unit = "ms" | "calls/s" | "MiB/s" | "MiB" | "bytes";

/** What a figure is compared with. */
export interface Comparison {
  /** Such as `floor` or `mitogen`. */
  with: string;
  /** In the figure's unit. */
  value: number;
  /** The ratio, figure : value, that is aimed at. */
  atMost?: number;
  atLeast?: number;
}

export interface Figure {
  name: string;
  value: number;
  unit: Unit;
  /** What the README quotes: what can be reached at best, and what is reached. Others are details. */
  role?: "floor" | "headline";
  compared?: readonly Comparison[];
}

/** How many times the other value it is. */
export function ratio(figure: Figure, { value }: Comparison): number {
  return figure.value / value;
}

/** Undefined where nothing was aimed at. */
export function isMet(figure: Figure, comparison: Comparison): boolean | undefined {
  const { atMost, atLeast } = comparison;
  if (atMost === undefined && atLeast === undefined) return undefined;
  const found = ratio(figure, comparison);
  return found <= (atMost ?? Infinity) && found >= (atLeast ?? 0);
}

/** A comparison with a peer, where that peer was measured. */
export function against(name: string, value: number | undefined, aim: { atMost?: number; atLeast?: number } = {}): Comparison[] {
  return value === undefined ? [] : [{ with: name, value, ...aim }];
}

/** A Markdown table. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const comparisons = (figure.compared ?? []).map((comparison) => compared(figure, comparison));
    return `| ${figure.name} | ${shown(figure.value, figure.unit)} | ${comparisons.join("; ")} |`;
  });
  return ["| figure | measured | compared |", "|---|---|---|", ...rows].join("\n");
}

/** Of files, for a figure's name. */
export function shownSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}

function compared(figure: Figure, comparison: Comparison): string {
  const { atMost, atLeast } = comparison;
  const found = `${precise(ratio(figure, comparison))} × ${comparison.with}`;
  const met = isMet(figure, comparison);
  if (met === undefined) return found;
  const aim = atMost === undefined ? `≥ ${precise(atLeast!)}` : `≤ ${precise(atMost)}`;
  return met ? `${found} (aim ${aim})` : `**${found} (aim ${aim}: missed)**`;
}

function shown(value: number, unit: Unit): string {
  if (unit === "bytes" || unit === "calls/s") return `${Math.round(value).toLocaleString("en")} ${unit}`;
  return `${precise(value)} ${unit}`;
}

/** Two or three digits: more was not measured. */
function precise(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}
