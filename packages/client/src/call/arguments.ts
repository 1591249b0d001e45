/* The arguments of a call in the form in which they travel, taken when the call is made. */
import { ownBytes } from "@sremote/connectors";
import { describePath, NdArray, type WireValue } from "@sremote/protocol";
import type { SplitArguments } from "./options.ts";
import { longestCopy, type Pin } from "./frame.ts";
import { Call } from "./call.ts";
import { joinArray, joinObject, type Part, partOf } from "./value-parts.ts";

/** Encodes one value. */
export interface EncodePart {
  (value: unknown, root: string, attachments: Uint8Array[]): WireValue;
}

/** Members of a message. */
export interface EncodedArguments {
  /** JSON that begins with a comma. */
  readonly text: string;
  readonly attachments: Uint8Array[];
  readonly pins: readonly Pin[];
}

/** Of calls without attachments, which are most: there may be many under way. */
const none: never[] = [];

/** Encodes what the arguments are now. The result shares nothing with them but attachments. */
export function encodeArguments({ args, kwargs }: SplitArguments, encode: EncodePart): EncodedArguments {
  const attachments: Uint8Array[] = [];
  let text = `,"args":${JSON.stringify(encode(args, "args", attachments))}`;
  if (kwargs !== undefined) text += `,"kwargs":${JSON.stringify(encode(kwargs, "kwargs", attachments))}`;
  if (attachments.length === 0) return { text, attachments: none, pins: none };
  const pins = attachments
    .filter(({ length }) => length > longestCopy)
    .map((bytes) => ({ bytes, length: bytes.length, name: nameOf(bytes, args, kwargs) }));
  return { text, attachments, pins };
}

/** The argument that has these bytes itself, or all of them where the bytes lie deeper. */
function nameOf({ buffer }: Uint8Array, args: readonly unknown[], kwargs: SplitArguments["kwargs"] = {}): string {
  const has = (value: unknown): boolean => {
    const own = value instanceof NdArray ? value.bytes : value;
    return own === buffer || (ArrayBuffer.isView(own) && own.buffer === buffer);
  };
  const index = args.findIndex(has);
  if (index >= 0) return `args[${index}]`;
  const [name] = Object.entries(kwargs).find(([, value]) => has(value)) ?? [];
  return name === undefined ? "args" : describePath("kwargs", [name]);
}

/** The calls among the arguments. They must be arguments themselves, not lie within one. */
export function callsAmong({ args, kwargs }: SplitArguments): Call[] {
  const found: Call[] = [];
  for (const each of args) if (each instanceof Call) found.push(each);
  if (kwargs !== undefined) found.push(...Object.values(kwargs).filter((each) => each instanceof Call));
  return found;
}

/** Arguments of which some are calls: the others are taken at once, and copied; the calls' results when they are there. */
export class PendingArguments {
  readonly #encode: EncodePart;
  readonly #attachments: Uint8Array[] = [];
  readonly #args: (Part | Call)[];
  readonly #kwargs: [name: string, part: Part | Call][] | undefined;

  constructor({ args, kwargs }: SplitArguments, encode: EncodePart) {
    this.#encode = encode;
    const take = (value: unknown, root: string): Part | Call =>
      value instanceof Call ? value : this.#part(value, root, this.#attachments);
    this.#args = args.map((value, index) => take(value, `args[${index}]`));
    if (kwargs === undefined) return;
    this.#kwargs = Object.entries(kwargs).map(([name, value]) => [name, take(value, describePath("kwargs", [name]))]);
  }

  #part(value: unknown, root: string, attachments: Uint8Array[]): Part {
    const from = attachments.length;
    const part = partOf(this.#encode(value, root, attachments));
    for (let at = from; at < attachments.length; at++) attachments[at] = ownBytes(attachments[at]!);
    return part;
  }

  /** @param substitute gives what takes a call's place; asked for one call after the other */
  async settle(substitute: (call: Call) => Promise<unknown>): Promise<EncodedArguments> {
    const attachments = [...this.#attachments];
    const resolve = async (part: Part | Call, root: string): Promise<Part> =>
      part instanceof Call ? this.#part(await substitute(part), root, attachments) : part;
    const args: Part[] = [];
    for (const [index, part] of this.#args.entries()) args.push(await resolve(part, `args[${index}]`));
    let text = `,"args":${joinArray(args)}`;
    if (this.#kwargs !== undefined) {
      const kwargs: [string, Part][] = [];
      for (const [name, part] of this.#kwargs) kwargs.push([name, await resolve(part, describePath("kwargs", [name]))]);
      text += `,"kwargs":${joinObject(kwargs)}`;
    }
    return { text, attachments, pins: [] };
  }
}
