/* A difference made as small as it goes: pieces of the input are left out as long as something is different. */
import type { Input } from "./input.ts";

export interface Shrunk {
  readonly input: Input;
  readonly what: string;
}

const mostTries = 2000;

/** @param differs what is different about an input */
export async function shrunk(input: Input, what: string, differs: (input: Input) => Promise<string | undefined>): Promise<Shrunk> {
  let least: Shrunk = { input, what };
  let tries = 0;
  const isStill = async (changed: Partial<Input>): Promise<boolean> => {
    if (++tries > mostTries) return false;
    const { meaning: _meaning, ...rest } = least.input;
    const smaller: Input = { ...rest, ...changed, isDamaged: true };
    const found = await differs(smaller);
    if (found !== undefined) least = { input: smaller, what: found };
    return found !== undefined;
  };
  if (input.cuts.length > 0) await isStill({ cuts: [] });
  for (let at = 0; at < least.input.attachments.length;) {
    if (!(await isStill({ attachments: least.input.attachments.toSpliced(at, 1) }))) at++;
  }
  const without = async (from: number, to: number): Promise<boolean> => {
    const { bytes } = least.input;
    return to <= bytes.length && isStill({ bytes: Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]) });
  };
  // Members of JSON first: what is left is still JSON.
  for (let at = 0; at < least.input.bytes.length;) {
    const end = endOfMember(least.input.bytes.toString("latin1"), at);
    if (end === undefined || !(await without(at, end))) at++;
  }
  for (let size = least.input.bytes.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= least.input.bytes.length;) if (!(await without(at, at + size))) at += size;
  }
  return least;
}

/** The end of the member or item, with one comma, that begins at this place of a JSON text, if one does. */
function endOfMember(text: string, start: number): number | undefined {
  if (start > 0 && !"[{,".includes(text[start - 1]!)) return undefined;
  let level = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
    } else if (character === "{" || character === "[") level++;
    else if (character === "}" || character === "]") {
      if (level-- === 0) return at > start ? at : undefined;
    } else if (character === "," && level === 0) return at + 1;
  }
  return undefined;
}
