/* What stands in brackets: `01-16,20`, `0-10/2`. */
import { syntaxError } from "./syntax-error.ts";

/** Whole numbers from `first` to `last`, themselves included, every `step`th, padded with zeros to `width` digits (0: not padded). */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly width: number;
}

/** More digits than this are no exact numbers in every runtime; such names are text. */
export const mostDigits = 15;

/**
 * Reads the inside of a pair of brackets.
 *
 * @param text the whole node set, for the position in errors; the ranges are its characters from `start` up to `end`
 * @throws InvalidArgumentError with the column
 */
export function parseRanges(text: string, start: number, end: number): Range[] {
  const ranges: Range[] = [];
  let at = start;
  for (const part of text.slice(start, end).split(",")) {
    ranges.push(parseRange(text, at, part));
    at += part.length + 1;
  }
  return ranges;
}

function parseRange(text: string, at: number, part: string): Range {
  const match = /^(\d+)(?:-(\d+)(?:\/(\d+))?)?$/.exec(part);
  if (match === null) throw syntaxError(text, at + firstWrong(part), "a number, or a range such as 1-9 or 0-10/2,");
  const [, first = "", last = first, step = "1"] = match;
  for (const digits of [first, last, step]) {
    if (digits.length > mostDigits) throw syntaxError(text, at, `a number of at most ${mostDigits} digits`);
  }
  const width = Math.max(paddedWidth(first), paddedWidth(last));
  // `01-100` could mean 001 to 100 or 01 to 99 and 100: ask.
  if (width > 0 && (first.length !== width || last.length !== width)) {
    throw syntaxError(text, at, "both ends of a range padded with zeros to the same width");
  }
  const range: Range = { first: Number(first), last: Number(last), step: Number(step), width };
  if (range.step < 1) throw syntaxError(text, at, "a step of 1 or more");
  if (range.last < range.first) throw syntaxError(text, at, "an ascending range");
  return range;
}

/** The index of the first character that cannot belong to a range; that of the end where something is missing. */
function firstWrong(part: string): number {
  return (/^(?:\d+(?:-(?:\d+(?:\/(?:\d+)?)?)?)?)?/.exec(part)?.[0] ?? "").length;
}

/** How wide a number with leading zeros is; 0 for one without. */
export function paddedWidth(digits: string): number {
  return digits.length > 1 && digits.startsWith("0") ? digits.length : 0;
}

export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { first, last, step }) => sum + Math.floor((last - first) / step) + 1, 0);
}

export function* numbersOf(ranges: readonly Range[]): Generator<string> {
  for (const { first, last, step, width } of ranges) {
    for (let number = first; number <= last; number += step) yield formatNumber(number, width);
  }
}

export function formatNumber(number: number, width: number): string {
  return String(number).padStart(width, "0");
}
