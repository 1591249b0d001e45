/* Values as they stand on the wire, made together with what they mean. */
import type { SeededRandom } from "../support/seeded-random.ts";
import { bitsOf, type Shown } from "./shown.ts";

/** A part of a value: its JSON, its annotation, and how each runtime shows it. */
export interface Part {
  readonly json: string;
  /** As JSON, or undefined. An object where only inner parts have one. */
  readonly tree: string | undefined;
  readonly typescript: Shown;
  readonly python: Shown;
}

const texts = ["", "a", "é", "\u0000", "\ud800", "😀", "__proto__", "\u2028", "NaN", "-0", "2026-02-28"];
const names = ["a", "b", "__proto__", "a.b", "a\\b", "é", "", "0", "1", "name", "message", "index", "constructor", "\udfff"];
const integers = ["0", "1", "-1", "2", "9007199254740991", "-9007199254740991", "4294967296"];
const floats = ["0.0", "-0.0", "1.0", "1.5", "1e5", "1E-7", "5e-324", "1.7976931348623157e308", "1e+20", "0.1", "9007199254740992.0"];
const annotated = ["1.50", "1e21", "9007199254740993", "-9007199254740992", "123456789012345678901234567890", "7", "0.1"];
const bigints = ["0", "-1", "007", "9007199254740992", "-18446744073709551617", "1".repeat(4300), "-0"];
const dates = ["2026-02-28T00:00:00.000Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999999Z"];
const regexps = [
  ["a+", "i"],
  ["(?<x>a)b", ""],
  ["\\/", "ms"],
];
const urls = ["http://a/b?c#d", "file:///x", "mailto:a@b"];
const dtypes: readonly [name: string, size: number][] = [
  ["int8", 1],
  ["int16", 2],
  ["uint16", 2],
  ["int32", 4],
  ["uint32", 4],
  ["int64", 8],
  ["uint64", 8],
  ["float32", 4],
  ["float64", 8],
];

/** Makes values of one message: their bytes lie in `attachments`. */
export class ValueMaker {
  readonly attachments: Buffer[] = [];
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** `{"json": …, "meta"?: …}` of a part. */
  static wire({ json, tree }: Part): string {
    return tree === undefined ? `{"json":${json}}` : `{"json":${json},"meta":{"values":${tree},"v":1}}`;
  }

  any(depth = 0): Part {
    const choice = this.#random.below(depth > 3 ? 12 : 17);
    if (choice < 6) return this.#scalar();
    if (choice < 12) return this.#special();
    if (choice === 12) return this.array(depth);
    if (choice === 13) return this.object(depth);
    if (choice === 14) return this.#set(depth);
    return choice === 15 ? this.#map(depth) : this.#error(depth);
  }

  array(depth = 0): Part {
    const items = this.#some(() => this.any(depth + 1));
    return { json: `[${items.map(({ json }) => json).join(",")}]`, tree: inner(items), ...both("[", items, (item) => item) };
  }

  object(depth = 0): Part {
    const members = this.#members(depth);
    return { ...this.#membersJson(members), ...both("{", members, (value, { name }) => [name, value]) };
  }

  #members(depth: number): (Part & { name: string })[] {
    const chosen = this.#random.shuffle(names).slice(0, this.#random.below(4));
    return chosen.map((name) => ({ name, ...this.any(depth + 1) }));
  }

  #membersJson(members: readonly (Part & { name: string })[]): { json: string; tree: string | undefined } {
    const json = `{${members.map(({ name, json: value }) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
    return { json, tree: inner(members, ({ name }) => name.replaceAll(/[\\.]/g, "\\$&")) };
  }

  /** Members that no runtime takes for equal. */
  #distinct(depth: number): Part[] {
    const seen = new Set<string>();
    const members: Part[] = [];
    for (const part of this.#some(() => this.#member(depth))) {
      const key = JSON.stringify(part.python).replace("false", '["b","0"]').replace("true", '["b","1"]');
      if (seen.has(key)) continue;
      seen.add(key);
      members.push(part);
    }
    return members;
  }

  #member(depth: number): Part {
    const { below, pick } = this.#random;
    if (below(8) === 0 && depth < 4) {
      const items = this.#some(() => text(pick(texts)));
      return { json: `[${items.map(({ json }) => json).join(",")}]`, tree: undefined, ...both("[", items, (item) => item) };
    }
    return below(3) === 0 ? integer(pick(integers)) : below(2) === 0 ? text(pick(texts)) : plain(pick(["true", "null"]));
  }

  #set(depth: number): Part {
    const members = this.#distinct(depth);
    const tree = `["set"${wrapped(inner(members))}]`;
    return { json: `[${members.map(({ json }) => json).join(",")}]`, tree, ...both("s", members, (member) => member) };
  }

  #map(depth: number): Part {
    const pairs = this.#distinct(depth).map((key) => {
      const value = this.any(depth + 1);
      const made = both("[", [key, value], (item) => item);
      const [typescript, python] = [made.typescript[1], made.python[1]] as [Shown, Shown];
      return { json: `[${key.json},${value.json}]`, tree: inner([key, value]), typescript, python };
    });
    const tree = `["map"${wrapped(inner(pairs))}]`;
    return { json: `[${pairs.map(({ json }) => json).join(",")}]`, tree, ...both("m", pairs, (pair) => pair) };
  }

  #error(depth: number): Part {
    const named = ["name", "message"].map((name) => ({ name, ...text(this.#random.pick(texts)) }));
    const cause = this.#random.below(2) === 0 ? [{ name: "cause", ...this.any(depth + 1) }] : [];
    const members = [...named, ...cause];
    const { json, tree } = this.#membersJson(members);
    const { typescript, python } = both("{", members, (value, { name }) => [name, value]);
    return { json, tree: `["Error"${wrapped(tree)}]`, typescript: ["e", typescript[1]], python };
  }

  #scalar(): Part {
    const { below, pick } = this.#random;
    switch (below(4)) {
      case 0:
        return integer(pick(integers));
      case 1: {
        const json = pick(floats);
        return number(json, undefined, Number(json));
      }
      case 2:
        return text(pick(texts));
      default:
        return plain(pick(["true", "false", "null"]));
    }
  }

  #special(): Part {
    const { pick } = this.#random;
    switch (this.#random.below(9)) {
      case 0:
        return { json: "null", tree: '["undefined"]', typescript: ["u"], python: null };
      case 1: {
        const digits = pick(bigints);
        const value: Shown = ["b", String(BigInt(digits))];
        return { json: `"${digits}"`, tree: '["bigint"]', typescript: value, python: value };
      }
      case 2: {
        const digits = pick([...annotated, "NaN", "Infinity", "-Infinity", "-0"]);
        const isWhole = /^-?[1-9]\d*$/.test(digits);
        const made = number(`"${digits}"`, '["number"]', Number(digits));
        return isWhole ? { ...made, python: ["b", String(BigInt(Number(digits)))] } : made;
      }
      case 3: {
        const date = pick(dates);
        return { json: `"${date}"`, tree: '["Date"]', typescript: ["d", `${date.slice(0, 23)}Z`], python: ["d", date] };
      }
      case 4: {
        const [source, flags] = pick(regexps) as [string, string];
        const json = JSON.stringify(`/${source}/${flags}`);
        return { json, tree: '["regexp"]', typescript: ["r", source, flags], python: ["r", source, flags] };
      }
      case 5: {
        const url = pick(urls);
        return { json: `"${url}"`, tree: '["URL"]', typescript: ["l", url], python: ["l", url] };
      }
      default:
        return this.#attached();
    }
  }

  #attached(): Part {
    const { below, pick } = this.#random;
    const index = this.attachments.length;
    const [dtype, size] = pick(dtypes);
    const shape = Array.from({ length: below(4) }, () => 1 + below(3));
    const kind = pick(["bytes", "typed-array", "ndarray"]);
    const count = kind === "ndarray" ? shape.reduce((product, length) => product * length, 1) * size : below(3) * size;
    const bytes = Buffer.from(Array.from({ length: count }, () => below(256)));
    this.attachments.push(bytes);
    const tree = `[["custom","${kind}"]]`;
    const hex = bytes.toString("hex");
    if (kind === "bytes") return { json: `{"index":${index}}`, tree, typescript: ["y", hex], python: ["y", hex] };
    if (kind === "typed-array") {
      const value: Shown = ["t", dtype, hex];
      return { json: `{"index":${index},"dtype":"${dtype}"}`, tree, typescript: value, python: value };
    }
    const value: Shown = ["a", dtype, shape, hex];
    return {
      json: `{"dtype":"${dtype}","shape":[${shape.join(",")}],"order":"C","index":${index}}`,
      tree,
      typescript: value,
      python: value,
    };
  }

  #some<Item>(make: () => Item): Item[] {
    return Array.from({ length: this.#random.below(4) }, make);
  }
}

function plain(json: string): Part {
  const value = JSON.parse(json) as Shown;
  return { json, tree: undefined, typescript: value, python: value };
}

function text(value: string): Part {
  return { json: JSON.stringify(value), tree: undefined, typescript: value, python: value };
}

function integer(json: string): Part {
  return { json, tree: undefined, typescript: ["n", bitsOf(Number(json))], python: ["b", String(BigInt(json))] };
}

function number(json: string, tree: string | undefined, value: number): Part {
  return { json, tree, typescript: ["n", bitsOf(value)], python: ["n", bitsOf(value)] };
}

/** What a container means to both sides. */
function both<Item extends Part>(tag: string, items: readonly Item[], show: (value: Shown, item: Item) => unknown) {
  return {
    typescript: [tag, items.map((item) => show(item.typescript, item))] as [string, unknown],
    python: [tag, items.map((item) => show(item.python, item))] as [string, unknown],
  };
}

/** The annotations of members, by their paths from here. */
function inner<Item extends Part>(items: readonly Item[], name: (item: Item, index: number) => string = (_, index) => String(index)) {
  const found: Record<string, unknown>[] = [];
  for (const [index, item] of items.entries()) {
    if (item.tree === undefined) continue;
    const below: unknown = JSON.parse(item.tree);
    const path = name(item, index);
    if (Array.isArray(below)) found.push({ [path]: below });
    else for (const [rest, tree] of Object.entries(below as object)) found.push({ [`${path}.${rest}`]: tree });
  }
  // Written by hand: `__proto__` is a name like others.
  const written = found.flatMap((each) => Object.entries(each).map(([path, tree]) => `${JSON.stringify(path)}:${JSON.stringify(tree)}`));
  return written.length === 0 ? undefined : `{${written.join(",")}}`;
}

function wrapped(tree: string | undefined): string {
  return tree === undefined ? "" : `,${tree}`;
}
