/* Arguments of which some are calls: the message can be made when those have their results. */
import { ownBytes } from "@sremote/connectors";
import { describePath } from "@sremote/protocol";
import { Call } from "./call.ts";
import { Invocation, type PendingMessage } from "./invocation.ts";
import { CallFrame, type EncodePart } from "./message.ts";
import type { SplitArguments } from "./options.ts";
import { joinArray, joinObject, type Part, partOf } from "./value-parts.ts";

/** The calls among the arguments. They must be arguments themselves, not lie within one. */
export function callsAmong({ args, kwargs }: SplitArguments): Invocation[] {
  const given = kwargs === undefined ? args : [...args, ...Object.values(kwargs)];
  return given.filter((each) => each instanceof Call).map((call) => call.invocation);
}

/** The other arguments are taken at once, and copied; the calls' results when they are there. */
export class PendingArguments implements PendingMessage {
  readonly #head: string;
  readonly #encode: EncodePart;
  readonly #attachments: Uint8Array[] = [];
  readonly #args: (Part | Invocation)[];
  readonly #kwargs: [name: string, part: Part | Invocation][] | undefined;

  /** @param head the beginning of the message */
  constructor(head: string, { args, kwargs }: SplitArguments, encode: EncodePart) {
    this.#head = head;
    this.#encode = encode;
    const take = (value: unknown, root: string): Part | Invocation =>
      value instanceof Call ? value.invocation : this.#part(value, root, this.#attachments);
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

  async settle(substitute: (call: Invocation) => Promise<unknown>): Promise<CallFrame> {
    const attachments = [...this.#attachments];
    const resolve = async (part: Part | Invocation, root: string): Promise<Part> =>
      part instanceof Invocation ? this.#part(await substitute(part), root, attachments) : part;
    const args: Part[] = [];
    for (const [index, part] of this.#args.entries()) args.push(await resolve(part, `args[${index}]`));
    let text = `,"args":${joinArray(args)}`;
    if (this.#kwargs !== undefined) {
      const kwargs: [string, Part][] = [];
      for (const [name, part] of this.#kwargs) kwargs.push([name, await resolve(part, describePath("kwargs", [name]))]);
      text += `,"kwargs":${joinObject(kwargs)}`;
    }
    return new CallFrame(this.#head + text, attachments, []);
  }
}
