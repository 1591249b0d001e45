/*
 * The interpreter that a client holds. V8 evaluates snippets as its own console does (`replMode`): `await` outside of functions, `let` and `const` that last and
 * may be declared anew, the value of the last expression. This program comes with the call that makes an interpreter: run/extension.ts.
 */
import { Session } from "node:inspector";
import { createRequire } from "node:module";
import { inspect } from "node:util";
import { Script } from "node:vm";
import { partBytes, parts as mostParts, repr as reprLength } from "../wire/limits.ts";

/** What the endpoint gives to programs. */
interface Tools {
  problemOf(value: unknown): string | undefined;
}

interface Part {
  type: string;
  data: unknown;
  display: number;
  truncated?: true;
}

interface Omitted {
  type: string;
  reason: string;
  display: number;
}

interface Shown {
  parts: Part[];
  omitted: Omitted[];
}

interface RemoteObject {
  type: string;
  value?: unknown;
  unserializableValue?: string;
  objectId?: string;
}

interface Evaluated {
  result: RemoteObject;
  exceptionDetails?: { exception?: RemoteObject; text: string };
}

/** The snippet was interrupted. The client makes `cancelled` of it. */
class SnippetInterrupted extends Error {
  override name = "SnippetInterrupted";
}

/** Where a script, which sees nothing but what is global, finds what it is to call, and puts a value. */
const [entry, handed] = [Symbol.for("sremote.entry"), Symbol.for("sremote.handed")];
const shared = globalThis as Record<symbol, unknown>;
/** SIGINT ends what runs within this script, and nothing around it. */
const enter = new Script('globalThis[Symbol.for("sremote.entry")]()');
const handOver = 'function (value) { globalThis[Symbol.for("sremote.handed")] = value; }';

let interrupt: (() => void) | undefined;
/*
 * What is set here is the process's own: it lasts between calls. A snippet that waits is interrupted by SIGUSR2. One that computes does not get to see that:
 * SIGINT ends it, which the engine itself looks for while a script runs, but which would end the process in the moment in which that stops.
 */
for (const name of ["SIGUSR2", "SIGINT"] as const) process.on(name, () => interrupt?.());
// What a snippet has left behind may fail: its interpreter goes on, as a notebook does.
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error: unknown) => process.stderr.write(`Uncaught ${inspect(error)}\n`));
}

class Interpreter {
  readonly #tools: Tools;
  readonly #session = new Session();
  #shown: Shown = { parts: [], omitted: [] };
  #displays = 0;
  #size = 0;
  readonly pid: number = process.pid;

  constructor(tools: Tools) {
    this.#tools = tools;
    this.#session.connect();
    const globals = {
      require: createRequire(`${process.cwd()}/`),
      display: (...values: unknown[]): void => {
        for (const value of values) this.#show(value);
      },
    };
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
    }
  }

  /** To its worker it is an iterator, of nothing: what a snippet sets in its process is there for the next one, as for the steps of a generator. */
  next(): { done: true; value: undefined } {
    return { done: true, value: undefined };
  }

  /** What the snippet gave: null where it gave nothing. @param name for stack traces */
  async run(source: string, name: string): Promise<unknown> {
    this.#begin();
    const value = await this.#evaluate(asExpression(source), name);
    if (value === undefined) return this.take_parts();
    this.#show(value);
    return { ...this.#take(), result: this.#attempt(value) };
  }

  /** What was shown since it was last taken. */
  take_parts(): Shown | null {
    const shown = this.#take();
    return shown.parts.length + shown.omitted.length === 0 ? null : shown;
  }

  ping(): void {}

  async set(name: string, value: unknown): Promise<void> {
    shared[handed] = value;
    try {
      await this.#evaluate(`${name} = globalThis[Symbol.for("sremote.handed")]; undefined`);
    } finally {
      delete shared[handed];
    }
  }

  get(name: string): Promise<unknown> {
    return this.#evaluate(name);
  }

  end(): void {
    process.exit(0);
  }

  #begin(): void {
    this.#shown = { parts: [], omitted: [] };
    this.#displays = this.#size = 0;
  }

  #take(): Shown {
    const shown = this.#shown;
    this.#begin();
    return shown;
  }

  async #evaluate(source: string, name = "variable.js"): Promise<unknown> {
    const expression = `${source}\n//# sourceURL=${name}`;
    // While it waits for a promise that nothing will settle, it can still be interrupted.
    const alive = setInterval(() => undefined, 1 << 30);
    try {
      const { result, exceptionDetails } = await new Promise<Evaluated>((resolve, reject) => {
        interrupt = () => reject(new SnippetInterrupted("the snippet was interrupted"));
        shared[entry] = (): void =>
          this.#session.post("Runtime.evaluate", { expression, replMode: true, objectGroup: "snippet" }, (error, found) => {
            if (error === null) resolve(found as Evaluated);
            // In the words of V8. Older versions of Node throw below instead.
            else if (error.message.includes("terminated")) interrupt?.();
            else reject(error);
          });
        try {
          enter.runInThisContext({ breakOnSigint: true });
        } catch {
          interrupt();
        }
      });
      if (exceptionDetails === undefined) return this.#valueOf(result);
      throw exceptionDetails.exception === undefined ? new Error(exceptionDetails.text) : this.#valueOf(exceptionDetails.exception);
    } finally {
      interrupt = undefined;
      clearInterval(alive);
      this.#session.post("Runtime.releaseObjectGroup", { objectGroup: "snippet" });
    }
  }

  /** The value itself, which the engine names by an id. */
  #valueOf({ type, value, unserializableValue: text, objectId }: RemoteObject): unknown {
    if (objectId !== undefined) {
      this.#session.post("Runtime.callFunctionOn", { functionDeclaration: handOver, objectId, arguments: [{ objectId }] });
      const found = shared[handed];
      delete shared[handed];
      return found;
    }
    if (text === undefined) return value;
    return type === "bigint" ? BigInt(text.slice(0, -1)) : Number(text);
  }

  #attempt(value: unknown): { value: unknown } | { problem: string } {
    const problem = this.#tools.problemOf(value);
    return problem === undefined ? { value } : { problem };
  }

  /** All that the value shows of itself: what Deno's notebooks ask for, and its text. */
  #show(value: unknown): void {
    const bundle = this.#ask("*/*", "Symbol.for('Jupyter.display')", () => bundleOf(value));
    for (const [type, data] of Object.entries(bundle ?? {})) if (type !== "text/plain") this.#add(type, data);
    const text = this.#ask("text/plain", "inspect", () => textOf(value));
    if (text !== undefined) this.#add("text/plain", text);
    this.#displays++;
  }

  #ask<Value>(type: string, what: string, give: () => Value): Value | undefined {
    try {
      return give();
    } catch (error) {
      this.#omit(type, `${what} threw ${String(error).slice(0, 1000)}`);
      return undefined;
    }
  }

  #omit(type: string, reason: string): void {
    if (this.#shown.omitted.length < mostParts) this.#shown.omitted.push({ type: type.slice(0, 100), reason, display: this.#displays });
  }

  #add(type: string, given: unknown): void {
    let data = given;
    if (/^image\/(?!.*\+xml$)/.test(type) && typeof data === "string") data = new Uint8Array(Buffer.from(data, "base64"));
    const size = typeof data === "string" || data instanceof Uint8Array ? data.length : 0;
    const isJson = type === "application/json" || type.endsWith("+json");
    if (size === 0 && isJson) data = this.#attempt(data);
    else if (typeof data !== "string" && !(data instanceof Uint8Array))
      return this.#omit(type, `a ${typeof data} is neither text nor bytes`);
    const part: Part = { type: type.slice(0, 100), data, display: this.#displays };
    if (type === "text/plain" && typeof data === "string" && size > reprLength) {
      part.data = data.slice(0, reprLength);
      part.truncated = true;
    }
    if (this.#shown.parts.length >= mostParts) return this.#omit(type, `there are ${mostParts} parts already`);
    if (this.#size + size > partBytes) return this.#omit(type, `${size} bytes are too many: all parts may have ${partBytes} together`);
    this.#size += size;
    this.#shown.parts.push(part);
  }
}

function bundleOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const display: unknown = Reflect.get(value, Symbol.for("Jupyter.display"));
  const made: unknown = typeof display === "function" ? Reflect.apply(display, value, []) : undefined;
  return typeof made === "object" && made !== null ? (made as Record<string, unknown>) : undefined;
}

function textOf(value: unknown): string {
  return inspect(value, { depth: 6, maxArrayLength: 1000, maxStringLength: reprLength, breakLength: 120 });
}

/** An object literal alone would be a block. */
function asExpression(source: string): string {
  if (!/^\s*\{/.test(source)) return source;
  const asObject = `(${source.replace(/[\s;]+$/, "")}\n)`;
  try {
    // oxlint-disable-next-line no-new -- it is only read, not run
    new Script(asObject);
    return asObject;
  } catch {
    return source;
  }
}

export function make(this: Tools): Interpreter {
  // oxlint-disable-next-line oxc/no-this-in-exported-function -- what the endpoint gives to programs
  return new Interpreter(this);
}
