/* What PROTOCOL.md leaves to the receiver's notion of equality: which sets and maps Python has, and JavaScript has not, and the other way round. */
import { byText, folded, holds, partsOf } from "./shown.ts";

/** `no`: Python cannot have it. `maybe`: what decides is not shown. */
type Answer = "yes" | "no" | "maybe";

function worst(answers: Iterable<Answer>): Answer {
  let found: Answer = "yes";
  for (const answer of answers) if (answer === "no" || (answer === "maybe" && found === "yes")) found = answer;
  return found;
}

/** Whether Python can have a value that JavaScript has. @param value as shown */
export function pythonHolds(value: unknown): Answer {
  return worst([...partsOf(value).map(pythonHolds), areMembers(membersOf(value))]);
}

/** Members of a set, keys of a map. */
function membersOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) return [];
  const [tag, parts] = value as [string, unknown];
  if (tag === "s") return parts as unknown[];
  return tag === "m" ? (parts as [unknown, unknown][]).map(([key]) => key) : [];
}

/** Members of a set, or keys: each must have a hash, and no two may be equal. */
function areMembers(members: readonly unknown[]): Answer {
  const hashable = worst(members.map(isHashable));
  if (hashable === "no") return "no";
  const keys = members.map((member) => JSON.stringify(equalityKey(member)));
  // No NaN is equal to another one.
  const comparable = keys.filter((key) => !key.includes('"nan"'));
  if (new Set(comparable).size === comparable.length) return hashable;
  // Of a Date JavaScript has dropped the microseconds by which Python tells two apart.
  return members.some((member) => holds(member, "d", "r", "l", "k")) ? "maybe" : "no";
}

function isHashable(value: unknown): Answer {
  if (!Array.isArray(value)) return "yes";
  const [tag, parts] = value as [string, unknown];
  if (tag === "[") return worst((parts as unknown[]).map(isHashable));
  if (tag === "y") return "maybe"; // bytes, or an array of their numbers
  return ["{", "e", "m", "t", "a"].includes(tag) ? "no" : "yes";
}

/** The same for what is equal in Python, where True is 1. */
function equalityKey(value: unknown): unknown {
  if (typeof value === "boolean") return ["b", value ? "1" : "0"];
  if (!Array.isArray(value)) return value;
  const same = folded(value, true);
  if (!Array.isArray(same)) return same; // undefined is None
  if (same[0] === "[") return ["[", (same[1] as unknown[]).map(equalityKey)];
  return same[0] === "s" ? ["s", (same[1] as unknown[]).map(equalityKey).toSorted(byText)] : same;
}

/** Whether a set or map has a member or key twice that Python tells apart and JavaScript does not: NaN. @param value as Python shows it */
export function hasNanTwice(value: unknown): boolean {
  const isNan = (member: unknown): boolean => Array.isArray(member) && member[0] === "n" && member[1] === "nan";
  return membersOf(value).filter(isNan).length > 1 || partsOf(value).some(hasNanTwice);
}
