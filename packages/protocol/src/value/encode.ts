import type { Code } from "../code.ts";
import { bytesOf, dtypeOf, isBytes } from "../dtype.ts";
import { limits } from "../limits.ts";
import type { WireValue } from "../message.ts";
import { NdArray } from "../ndarray.ts";
import { floatText, isPythonNumber } from "../python-number.ts";
import { Table } from "../table/table.ts";
import { writeTable } from "../table/table-wire.ts";
import { isAggregate, kindOf } from "./kind.ts";
import { hasToJson, isPlain, isPlainNumber, isPlainObject, setMember } from "./plain.ts";
import { describePath, escapeName, type Step } from "./path.ts";
import { UnserializableError } from "./unserializable-error.ts";

export interface EncodeOptions {
  /** Code of the error when a value cannot travel. A passed limit is always `limit-exceeded`. @default `unserializable-argument` */
  code?: Code | undefined;
  /** What only a session can carry, such as callbacks: asked for functions and class instances that have no form of their own. @default none */
  custom?: ((value: object) => CustomValue | undefined) | undefined;
}

/** A value with the annotation `["custom", name]` and this JSON. */
export interface CustomValue {
  readonly name: string;
  readonly json: Readonly<Record<string, string | number>>;
}

type Type = string | readonly ["custom", string];
type Tree = Record<string, unknown>;

/**
 * A value in the form that travels, PROTOCOL.md section "Values". The result may share parts with the value, so make the message before either changes.
 * @param root how the user knows the value, such as `args[0]`; paths in errors begin with it
 * @param attachments the message's; bytes and arrays are pushed to it as views, not copied
 * @throws UnserializableError naming the path
 */
export function encodeValue(value: unknown, root: string, attachments: Uint8Array[], options: EncodeOptions = {}): WireValue {
  if (isPlain(value)) return { json: value };
  return new Encoder(root, attachments, options).encode(value);
}

class Encoder {
  readonly #root: string;
  readonly #attachments: Uint8Array[];
  readonly #code: Code | undefined;
  readonly #custom: EncodeOptions["custom"];
  /** The way to the current value, for errors. */
  readonly #steps: Step[] = [];
  /** The way to the current value in the JSON, for annotations. */
  readonly #names: (string | number)[] = [];
  /** Objects around the current value, each with the number of steps to it. */
  readonly #ancestors: Map<object, number> = new Map();
  #depth = 0;
  /** Annotations of values below the innermost annotated one, by their path from there. */
  #inner: Tree = {};
  /** How many of `#names` lead to the innermost annotated value. */
  #innerStart = 0;
  /** How deep `#inner` lies in the JSON of the annotations. */
  #innerDepth = 1;
  #rootAnnotation: unknown[] | undefined;

  constructor(root: string, attachments: Uint8Array[], options: EncodeOptions) {
    this.#root = root;
    this.#attachments = attachments;
    this.#code = options.code;
    this.#custom = options.custom;
  }

  encode(value: unknown): WireValue {
    const json = this.#visit(value);
    if (this.#rootAnnotation !== undefined) return { json, meta: { values: this.#rootAnnotation, v: 1 } };
    return Object.keys(this.#inner).length === 0 ? { json } : { json, meta: { values: this.#inner, v: 1 } };
  }

  #visit(value: unknown): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (isPlainNumber(value)) return value;
        return this.#annotate("number", () => (Object.is(value, -0) ? "-0" : String(value)));
      case "bigint": {
        const text = String(value);
        if (text.length - (value < 0n ? 1 : 0) > limits.bigintDigits)
          throw this.#tooMuch(`an integer of more than ${limits.bigintDigits} digits`);
        return this.#annotate("bigint", () => text);
      }
      case "undefined":
        return this.#annotate("undefined", () => null);
      case "object":
        return value === null ? null : this.#object(value);
      case "function":
        return this.#extra(value) ?? this.#fail("a function cannot travel");
      default:
        throw this.#refuse(`a ${typeof value} cannot travel`);
    }
  }

  #object(value: object): unknown {
    if (Array.isArray(value)) return this.#within(value, () => this.#items(value));
    if (ArrayBuffer.isView(value)) {
      const dtype = isBytes(value) ? undefined : dtypeOf(value);
      return dtype === undefined ? this.#attach("bytes", bytesOf(value), {}) : this.#attach("typed-array", bytesOf(value), { dtype });
    }
    if (!isPlainObject(value)) return this.#instance(value);
    if (hasToJson(value)) throw this.#refuse("an object with a toJSON method cannot travel");
    return this.#within(value, () => {
      const json: Tree = {};
      for (const name of Object.keys(value)) setMember(json, name, this.#child(name, name, value[name]));
      return json;
    });
  }

  #instance(value: object): unknown {
    if (value instanceof NdArray) {
      const { dtype, shape, order } = value;
      return this.#attach("ndarray", value.bytes, { dtype, shape: [...shape], order });
    }
    if (value instanceof Table) return this.#annotate(["custom", "table"], () => this.#table(value));
    if (isPythonNumber(value)) {
      const { type, value: chosen } = value;
      if (type === "float") return this.#annotate("number", () => floatText(Number(chosen)));
      return Number.isSafeInteger(Number(chosen)) ? Number(chosen) : this.#visit(chosen);
    }
    const found = kindOf(value);
    switch (found?.kind) {
      case "Date":
        return this.#date(found.value);
      case "RegExp":
        return this.#annotate("regexp", () => String(found.value));
      case "URL":
        return this.#annotate("URL", () => found.value.href);
      case "Set":
        return this.#annotate("set", () => this.#within(value, () => this.#set(found.value)));
      case "Map":
        return this.#annotate("map", () => this.#within(value, () => this.#map(found.value)));
      case "Error":
        return this.#annotate("Error", () => this.#within(value, () => this.#error(found.value)));
      case "ArrayBuffer":
        return this.#attach("bytes", new Uint8Array(found.value), {});
      default:
        return this.#extra(value) ?? this.#fail(`${describeClass(value)} cannot travel`);
    }
  }

  /** What the hook of the options makes of a value. */
  #extra(value: object): unknown {
    const found = this.#custom?.(value);
    return found === undefined ? undefined : this.#annotate(["custom", found.name], () => ({ ...found.json }));
  }

  #fail(reason: string): never {
    throw this.#refuse(reason);
  }

  #items(values: readonly unknown[]): unknown[] {
    const json: unknown[] = [];
    for (let index = 0; index < values.length; index++) json.push(this.#child(index, index, values[index]));
    return json;
  }

  #set(set: ReadonlySet<unknown>): unknown[] {
    let at = 0;
    return Array.from(set, (item) => this.#child({ in: "set", at }, at++, item));
  }

  #map(map: ReadonlyMap<unknown, unknown>): unknown[] {
    let at = 0;
    return Array.from(map, ([key, value]) => {
      this.#enter();
      this.#names.push(at);
      const pair = [this.#child({ in: "map key", at }, 0, key), this.#child({ in: "map value", at }, 1, value)];
      this.#names.pop();
      this.#depth--;
      at++;
      return pair;
    });
  }

  #error(error: Error): Tree {
    // Programs put other things than text there, whatever the types say.
    const { name, message }: { name: unknown; message: unknown } = error;
    const json: Tree = { name: String(name), message: String(message) };
    if ("cause" in error) json["cause"] = this.#child("cause", "cause", error.cause);
    if ("errors" in error && isAggregate(error)) json["exceptions"] = this.#child("exceptions", "exceptions", error.errors);
    return json;
  }

  #date(date: Date): unknown {
    const year = date.getUTCFullYear();
    if (Number.isNaN(year)) throw this.#refuse("an invalid Date cannot travel");
    if (year < 1 || year > 9999) throw this.#refuse(`a Date in the year ${year} cannot travel, only 1 to 9999`);
    return this.#annotate("Date", () => date.toISOString());
  }

  #attach(name: string, bytes: Uint8Array, facts: Tree): unknown {
    return this.#annotate(["custom", name], () => {
      this.#enter(facts["shape"] === undefined ? 1 : 2);
      this.#depth -= facts["shape"] === undefined ? 1 : 2;
      return { index: this.#push(bytes), ...facts };
    });
  }

  #push(bytes: Uint8Array): number {
    if (this.#attachments.length >= limits.attachments) throw this.#tooMuch(`more than ${limits.attachments} attachments`);
    return this.#attachments.push(bytes) - 1;
  }

  #table(table: Table): Tree {
    const root = describePath(this.#root, this.#steps);
    // A value within the value, which knows nothing of what is around it but how deep it lies.
    const encode = (values: readonly unknown[], name: string): WireValue => {
      const wire = encodeValue(values, describePath(root, [name]), this.#attachments, { code: this.#code, custom: this.#custom });
      if (depthOf(wire) + this.#depth > limits.valueDepth) throw this.#tooMuch(`nests more than ${limits.valueDepth} deep`);
      return wire;
    };
    // A table, its list of columns and a column.
    this.#enter(3);
    const json = writeTable(table, { attach: (bytes) => this.#push(bytes), encode });
    this.#depth -= 3;
    return json;
  }

  #child(step: Step, name: string | number, value: unknown): unknown {
    this.#steps.push(step);
    this.#names.push(name);
    const json = this.#visit(value);
    this.#steps.pop();
    this.#names.pop();
    return json;
  }

  /** Encode what a container holds, minding cycles and depth. */
  #within(container: object, encode: () => unknown): unknown {
    const seen = this.#ancestors.get(container);
    if (seen !== undefined) {
      throw this.#refuse(`a cycle: this is ${describePath(this.#root, this.#steps.slice(0, seen))} again, and only trees can travel`);
    }
    this.#ancestors.set(container, this.#steps.length);
    this.#enter();
    const json = encode();
    this.#depth--;
    this.#ancestors.delete(container);
    return json;
  }

  #enter(levels = 1): void {
    this.#depth += levels;
    if (this.#depth > limits.valueDepth) throw this.#tooMuch(`nests more than ${limits.valueDepth} deep`);
  }

  #annotate(type: Type, encode: () => unknown): unknown {
    const outer = this.#inner;
    const outerStart = this.#innerStart;
    const outerDepth = this.#innerDepth;
    const depth = this.#names.length === 0 ? 1 : outerDepth + 1;
    if (depth + (typeof type === "string" ? 0 : 1) > limits.valueDepth)
      throw this.#tooMuch(`annotations nest more than ${limits.valueDepth} deep`);
    const inner: Tree = {};
    this.#inner = inner;
    this.#innerStart = this.#names.length;
    this.#innerDepth = depth + 1;
    const json = encode();
    const annotation = Object.keys(inner).length === 0 ? [type] : [type, inner];
    this.#inner = outer;
    this.#innerStart = outerStart;
    this.#innerDepth = outerDepth;
    if (this.#names.length === 0) this.#rootAnnotation = annotation;
    else
      setMember(
        outer,
        this.#names
          .slice(outerStart)
          .map((name) => escapeName(String(name)))
          .join("."),
        annotation,
      );
    return json;
  }

  #refuse(reason: string): UnserializableError {
    return new UnserializableError(describePath(this.#root, this.#steps), reason, { code: this.#code });
  }

  #tooMuch(reason: string): UnserializableError {
    return new UnserializableError(describePath(this.#root, this.#steps), reason, { code: "limit-exceeded" });
  }
}

function depthOf(json: unknown): number {
  if (typeof json !== "object" || json === null) return 0;
  return 1 + Object.values(json).reduce<number>((most, item) => Math.max(most, depthOf(item)), 0);
}

function describeClass(value: object): string {
  const { constructor } = value as { constructor?: { name?: unknown } };
  const name = constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an instance of a class";
}
