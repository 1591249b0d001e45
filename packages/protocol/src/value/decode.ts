import { ProtocolError } from "../error.ts";
import { limits } from "../limits.ts";
import { Attachments } from "./attachments.ts";
import { describePath, quoteName, splitPath, type Step } from "./path.ts";
import { isPlainObject } from "./plain.ts";
import { restore, type ValueContext } from "./restore.ts";

export interface DecodeOptions {
  /** How the user knows the value; paths in errors begin with it. @default `value` */
  root?: string | undefined;
  /** How deep the JSON around and of the value nests, when that is known; it spares a walk. @default it is looked for */
  depth?: number | undefined;
  /** Annotations `["custom", name]` beyond those of PROTOCOL.md: the value they mean, or undefined where the name is not known either. @default none */
  custom?: ((name: string, json: Record<string, unknown>) => unknown) | undefined;
}

/**
 * The value that `wire` means, PROTOCOL.md section "Values". Takes the JSON over: its arrays and objects become parts of the value.
 * Bytes and arrays are views of the attachments.
 * @param attachments of the message; give one `Attachments` for all values of a message, so that a second reference is seen
 * @throws ProtocolError naming the path
 */
export function decodeValue(wire: unknown, attachments: readonly Uint8Array[] | Attachments, options: DecodeOptions = {}): unknown {
  const root = options.root ?? "value";
  if (!isJsonObject(wire) || !Object.hasOwn(wire, "json")) throw refuse(root, "not an object with a member `json`");
  const json = wire["json"];
  if (options.depth === undefined || options.depth > limits.valueDepth) checkDepth(json, root);
  if (!Object.hasOwn(wire, "meta")) return json;
  const meta = wire["meta"];
  if (!isJsonObject(meta)) throw refuse(root, "`meta` is not an object");
  if (meta["v"] !== 1) throw refuse(root, "`meta.v` is not 1");
  if (Object.hasOwn(meta, "referentialEqualities")) throw refuse(root, "`meta.referentialEqualities` is not allowed: values are trees");
  if (!Object.hasOwn(meta, "values")) throw refuse(root, "`meta.values` is missing");
  return new Annotations(root, Attachments.from(attachments), options.custom).apply(meta["values"], json, 1);
}

class Annotations {
  readonly #context: ValueContext;
  readonly #steps: Step[] = [];

  constructor(root: string, attachments: Attachments, custom: DecodeOptions["custom"]) {
    const describe = (): string => describePath(root, this.#steps);
    const decode = (wire: unknown, name: string): unknown =>
      decodeValue(wire, attachments, { root: describePath(describe(), [name]), custom, depth: 0 });
    this.#context = { attachments, custom, describe, decode };
  }

  /**
   * Apply a tree of annotations to the JSON it is for; inner ones first.
   * @param depth of the tree in `meta.values`
   */
  apply(tree: unknown, json: unknown, depth: number): unknown {
    if (depth > limits.valueDepth) throw tooMuch(this.#context.describe(), `annotations nest more than ${limits.valueDepth} deep`);
    if (!Array.isArray(tree)) return this.#applyInner(tree, json, depth);
    if (tree.length < 1 || tree.length > 2) throw this.#refuse("an annotation that has not one or two elements");
    if (tree.length === 2) this.#applyInner(tree[1], json, depth + 1);
    return restore(tree[0], json, this.#context);
  }

  #applyInner(tree: unknown, json: unknown, depth: number): unknown {
    if (!isJsonObject(tree)) throw this.#refuse("inner annotations that are not an object");
    const paths = Object.keys(tree);
    // Shorter first: a path through a part that is itself annotated is met after that part was replaced, and refused in whatever order they stand.
    if (paths.length > 1) paths.sort((a, b) => a.length - b.length);
    for (const path of paths) json = this.#applyAt(path, tree[path], json, depth + 1);
    return json;
  }

  #applyAt(path: string, tree: unknown, json: unknown, depth: number): unknown {
    const names = splitPath(path);
    if (names === undefined) throw this.#refuse(`the annotation path ${quoteName(path)} has a backslash that escapes nothing`);
    const steps = this.#steps.length;
    let put: ((value: unknown) => void) | undefined;
    let at = json;
    for (const name of names) {
      const container = at;
      if (Array.isArray(container) && /^(?:0|[1-9][0-9]{0,9})$/.test(name) && Number(name) < container.length) {
        const index = Number(name);
        at = container[index];
        this.#steps.push(index);
        put = (value) => (container[index] = value);
      } else if (isJsonObject(container) && Object.hasOwn(container, name)) {
        at = container[name];
        this.#steps.push(name);
        // Own by the check above, so that even a member called __proto__ is set and not the prototype.
        put = (value) => (container[name] = value);
      } else {
        throw this.#refuse(`the annotation path ${quoteName(path)} leads nowhere or through another annotated value`);
      }
    }
    put?.(this.apply(tree, at, depth));
    this.#steps.length = steps;
    return json;
  }

  #refuse(reason: string): ProtocolError {
    return refuse(this.#context.describe(), reason);
  }
}

/** An object as JSON has it; not what an annotation has made of one. */
function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && isPlainObject(value);
}

function checkDepth(json: unknown, root: string, depth = 0): void {
  if (typeof json !== "object" || json === null) return;
  if (depth === limits.valueDepth) throw tooMuch(root, `nests more than ${limits.valueDepth} deep`);
  if (Array.isArray(json)) for (const item of json) checkDepth(item, root, depth + 1);
  else for (const item of Object.values(json)) checkDepth(item, root, depth + 1);
}

function refuse(path: string, reason: string): ProtocolError {
  return new ProtocolError("protocol-error", `${path}: ${reason}`);
}

function tooMuch(path: string, reason: string): ProtocolError {
  return new ProtocolError("limit-exceeded", `${path}: ${reason}`);
}
