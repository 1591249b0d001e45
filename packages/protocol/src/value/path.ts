/* Two ways to write where a value stands: for people in errors, and in the annotations on the wire. */
import { limits } from "../limits.ts";

/** A step down: a member name, an index, or a position in a set or map. */
export type Step = string | number | { readonly in: "set" | "map key" | "map value"; readonly at: number };

/** `args`, [0, "items", 3, "a b"] → `args[0].items[3]["a b"]` */
export function describePath(root: string, steps: readonly Step[]): string {
  let text = root;
  for (const step of steps) {
    if (typeof step === "number") text += `[${step}]`;
    else if (typeof step === "object") text += `<${step.in}>[${step.at}]`;
    else if (step.length <= longestName && /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(step)) text += `.${step}`;
    else text += `[${quoteName(step)}]`;
  }
  return text;
}

/** Names are the other side's choice, and an error message of a megabyte is of no use. */
const longestName = 200;

/** A member name in quotes, cut when it is very long. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > longestName ? `${name.slice(0, longestName)}…` : name);
}

/** A member name as part of an annotation's path. */
export function escapeName(name: string): string {
  return /[\\.]/.test(name) ? name.replace(/[\\.]/g, "\\$&") : name;
}

/**
 * The names of an annotation's path, or undefined when it holds a backslash that escapes nothing. Of more names than values may nest, which lead nowhere,
 * some are left out.
 */
export function splitPath(path: string): string[] | undefined {
  if (!path.includes("\\")) return path.split(".", limits.valueDepth + 1);
  const names: string[] = [];
  let name = "";
  for (let at = 0; at < path.length; at++) {
    const character = path[at]!;
    if (character === ".") {
      if (names.push(name) > limits.valueDepth) return names;
      name = "";
    } else if (character === "\\") {
      const escaped = path[++at];
      if (escaped !== "\\" && escaped !== ".") return undefined;
      name += escaped;
    } else name += character;
  }
  names.push(name);
  return names;
}
