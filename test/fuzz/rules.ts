/* When two runtimes may say different things of one input. Each rule stands in PROTOCOL.md; there are no others. */
import { hasNanTwice, pythonHolds } from "./equality.ts";
import type { Input } from "./input.ts";
import type { Said } from "./readers.ts";
import { folded, holds } from "./shown.ts";

const refusals = new Set(["protocol-error", "limit-exceeded", "unsupported"]);

/** Whether JavaScript and Python say the same, or differ as they may. */
export function isSame(input: Input, ours: Said, python: Said, hasNumpy: boolean): boolean {
  if (ours.said === "accepted" && python.said === "accepted") return isSameValue(ours.value, python.value);
  if (ours.said === "accepted") return mayRefuse(python.said, ours.value, hasNumpy);
  // JavaScript has its own regular expressions and URLs, and takes NaN for equal to NaN.
  if (python.said === "accepted") return ours.said === "protocol-error" && (holds(python.value, "r", "l") || hasNanTwice(python.value));
  if (ours.said === python.said) return refusals.has(ours.said) || ours.said === "protocol-mismatch";
  // Of several things wrong each may name another first.
  return input.isDamaged && refusals.has(ours.said) && refusals.has(python.said);
}

export function isSameValue(ours: unknown, python: unknown): boolean {
  return JSON.stringify(folded(ours, true)) === JSON.stringify(folded(python, true));
}

/** Whether Python may refuse a value that JavaScript has. */
function mayRefuse(code: string, value: unknown, hasNumpy: boolean): boolean {
  if (code === "unsupported") return !hasNumpy && holds(value, "a", "t", "y");
  return code === "protocol-error" && (holds(value, "r", "l") || pythonHolds(value) !== "yes");
}

/** Whether a value that Python accepted must not be there: two members of a set that are equal in Python. */
export function isTooMuch(ours: Said, python: Said): boolean {
  return ours.said === "accepted" && python.said === "accepted" && pythonHolds(ours.value) === "no";
}
