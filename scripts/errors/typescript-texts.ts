/* Error texts of TypeScript sources: what is handed to an error's constructor, or stands beside a code. */
import { parseAst } from "rolldown/parseAst";
import { codes, type Code } from "../../packages/protocol/src/index.ts";

export interface ErrorText {
  /** Undefined for an Error, TypeError or RangeError of JavaScript or Python itself. */
  readonly code: Code | undefined;
  /** With `{name}` for what is filled in. */
  readonly text: string;
  /** What to do, where it stands beside the text. */
  readonly hint?: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** What a wrong argument is said of, and what it must be, in functions that make the error of their arguments. */
const ofArguments = new Map<string, readonly [name: number, expected: number, suffix?: string]>(
  Object.entries({
    InvalidArgumentError: [0, 1],
    checkText: [0, 2, ", a non-empty string without NUL"],
    checkPositive: [0, 2],
    checkNumber: [0, 2],
    optional: [0, 1],
    fail: [0, 1],
  }),
);
/** Functions whose error has one code: which argument is its text, and what goes before it. */
const ofOneCode = new Map<string, readonly [Code, number, string]>(
  Object.entries({
    wrong: ["protocol-error", 1, "{member} must be "],
    syntaxError: ["invalid-argument", 2, "nodes must have "],
    transferError: ["transfer-failed", 1, ""],
    lie: ["protocol-error", 1, "the host's listing is not one: "],
    UnserializableError: ["unserializable-argument", 1, "{path}: "],
  }),
);

/** Errors that have no code: of programs on the host, or mistakes of this product. */
const withoutCode = new Set(["Error", "TypeError", "RangeError"]);

/** Readers and writers of values: what they refuse, they refuse with the code of their file. */
function refusalOf(name: string, source: string): Code | undefined {
  if (name === "tooMuch") return "limit-exceeded";
  if (name !== "refuse") return undefined;
  if (source.includes("new UnserializableError(")) return "unserializable-argument";
  return source.includes('new ProtocolError("protocol-error"') ? "protocol-error" : undefined;
}

const isCode = (text: string | undefined): text is Code => text !== undefined && Object.hasOwn(codes, text);

export function typescriptTexts(source: string): ErrorText[] {
  return read(source).found;
}

/** Every hint of a source: members and constants of that name, and the tables called `hints`. */
export function typescriptHints(source: string): string[] {
  return [...read(source).hints];
}

function read(source: string): Reader {
  const reader = new Reader(source);
  reader.walk(parseAst(source, { lang: "ts" }) as unknown as Node);
  return reader;
}

class Reader {
  readonly found: ErrorText[] = [];
  /** Hints, whatever text they belong to. */
  readonly hints = new Set<string>();
  #hint: string | undefined;
  readonly #source: string;
  /** What constants of the file are made of. */
  readonly #constants = new Map<string, Node>();

  constructor(source: string) {
    this.#source = source;
  }

  walk(root: Node): void {
    const all: Node[] = [];
    visit(root, (node) => {
      all.push(node);
      const { id, init } = node as Node & { id?: Node; init?: Node | null };
      if (node.type === "VariableDeclarator" && id?.type === "Identifier" && init) this.#constants.set(String(id["name"]), init);
    });
    for (const node of all) {
      this.#noteHints(node);
      if (node.type === "NewExpression" || node.type === "CallExpression") this.#call(node);
      else if (node.type === "ArrayExpression") this.#beside(node["elements"] as (Node | null)[]);
      else if (node.type === "ObjectExpression") this.#failure(node);
    }
  }

  #call(node: Node): void {
    const name = this.#raw(node["callee"] as Node).replace(/^.*\.#?/, "");
    const given = node["arguments"] as Node[];
    this.#hint = given.map((each) => this.#texts(memberOf(each, "hint"))[0]).find((hint) => hint !== undefined);
    if (node.type === "NewExpression" && withoutCode.has(name)) {
      for (const text of this.#texts(given[0])) if (text.includes(" ")) this.#add(undefined, text);
      return;
    }
    const refusal = refusalOf(name, this.#source);
    if (refusal !== undefined)
      for (const text of this.#texts(given.at(-1)))
        this.#add(refusal, `${this.#source.includes("`the host ${what}`") ? "the host " : "{path}: "}${text}`);
    const argument = ofArguments.get(name);
    const one = ofOneCode.get(name);
    if (argument !== undefined) {
      const [named, expected, suffix = ""] = argument;
      const names = this.#texts(given[named]);
      const isWhole = given[expected] === undefined || this.#raw(given[expected]) === "undefined";
      if (isWhole) for (const text of names) this.#add("invalid-argument", text);
      else
        for (const text of this.#texts(given[expected]))
          for (const about of names.length === 0 ? ["{argument}"] : names)
            this.#add("invalid-argument", `${about} must be ${text}${suffix}`);
    } else if (one !== undefined) {
      const [code, at, before] = one;
      for (const text of this.#texts(given[at])) this.#add(code, before + text);
    } else this.#beside(given);
  }

  /** A code, and the text behind it: arguments of a constructor, or a row of a table. */
  #beside(items: readonly (Node | null)[]): void {
    for (const [at, item] of items.entries()) {
      for (const code of this.#texts(item ?? undefined).filter(isCode)) {
        for (const text of this.#texts(items[at + 1] ?? undefined)) if (text.includes(" ")) this.#add(code, text);
      }
    }
  }

  /** `{ code, stage, message }` of endpoints. */
  #failure(node: Node): void {
    this.#hint = this.#texts(memberOf(node, "hint"))[0];
    for (const code of this.#texts(memberOf(node, "code")).filter(isCode))
      for (const text of this.#texts(memberOf(node, "message") ?? memberOf(node, "summary"))) if (text.includes(" ")) this.#add(code, text);
  }

  #noteHints(node: Node): void {
    const { key, id, init, value } = node as Node & Partial<Record<"key" | "id" | "init" | "value", Node>>;
    const found = [];
    if (node.type === "Property" && key?.["name"] === "hint") found.push(...this.#texts(value));
    if (node.type === "VariableDeclarator" && /hint$/i.test(String(id?.["name"]))) found.push(...this.#texts(init));
    if (node.type === "VariableDeclarator" && id?.["name"] === "hints" && init?.type === "ObjectExpression") {
      for (const row of init["properties"] as Node[]) found.push(...this.#texts(row["value"] as Node | undefined));
    }
    for (const hint of found) if (/^\w.* /.test(hint)) this.hints.add(hint.replace(/\s+/g, " ").trim());
  }

  #add(code: Code | undefined, text: string): void {
    // Names of errors of the system, in functions that happen to be called like one of ours.
    if (/ must be E[A-Z]+$/.test(text)) return;
    this.found.push({
      code,
      ...(this.#hint !== undefined && { hint: this.#hint }),
      text: text
        .replace(/\{given\}/, ", not {value}")
        .replace(/\s+/g, " ")
        .trim(),
    });
  }

  /** Every text that an expression may be, as far as the file says. */
  #texts(node: Node | undefined, depth = 0): string[] {
    if (node === undefined || depth > 4) return [];
    switch (node.type) {
      case "Literal":
        return typeof node["value"] === "string" ? [node["value"]] : [];
      case "TemplateLiteral":
        return [this.#template(node)];
      case "ConditionalExpression":
        return [...this.#texts(node["consequent"] as Node, depth + 1), ...this.#texts(node["alternate"] as Node, depth + 1)];
      case "Identifier": {
        const constant = this.#constants.get(String(node["name"]));
        return constant === undefined ? [] : this.#texts(constant, depth + 1);
      }
      case "TSAsExpression":
        return this.#texts(node["expression"] as Node, depth + 1);
      default:
        return [];
    }
  }

  #template(node: Node): string {
    const expressions = node["expressions"] as Node[];
    return (node["quasis"] as { value: { cooked: string } }[])
      .map(({ value }, index) => value.cooked + (expressions[index] === undefined ? "" : this.#placeholder(expressions[index])))
      .join("");
  }

  /** Of `error.message` and `#label` their names; of what is computed what it is computed by, or from. */
  #placeholder(node: Node): string {
    const { callee, object, property, left } = node as Node & Record<string, Node>;
    if (node.type === "Identifier") return `{${String(node["name"])}}`;
    if (node.type === "LogicalExpression") return this.#placeholder(left!);
    if (node.type === "MemberExpression" && property!.type !== "Literal")
      return ["length", "size"].includes(String(property!["name"])) ? this.#placeholder(object!) : `{${String(property!["name"])}}`;
    if (node.type !== "CallExpression") return "{…}";
    const first = (node["arguments"] as Node[])[0];
    if (callee?.type === "Identifier" && callee["name"] === "given") return "{given}";
    return first === undefined || first.type === "Literal"
      ? this.#placeholder(callee!["object"] === undefined ? callee! : (callee!["object"] as Node))
      : this.#placeholder(first);
  }

  #raw(node: Node): string {
    return this.#source.slice(node.start, node.end);
  }
}

/** The value of a member of an object that is written out. */
function memberOf(node: Node, name: string): Node | undefined {
  if (node.type !== "ObjectExpression") return undefined;
  return (node["properties"] as Node[]).find(({ key }) => (key as Node | undefined)?.["name"] === name)?.["value"] as Node | undefined;
}

function visit(node: unknown, see: (node: Node) => void): void {
  if (typeof node !== "object" || node === null) return;
  if (Array.isArray(node)) for (const each of node) visit(each, see);
  else {
    if (typeof (node as Node).type === "string") see(node as Node);
    for (const member of Object.values(node)) visit(member, see);
  }
}
