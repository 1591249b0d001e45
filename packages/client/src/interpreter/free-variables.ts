/* The variables that a function uses and does not have itself. */
import type { Session } from "node:inspector";
import { runInNewContext } from "node:vm";

const word = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu;
const subject = Symbol.for("sremote.function");

/** What Node has had since version 18, beside what the language has. */
const ofNode =
  `AbortController AbortSignal Blob BroadcastChannel Buffer ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy Crypto CryptoKey
  DecompressionStream DOMException Event EventTarget FormData Headers MessageChannel MessageEvent MessagePort Performance PerformanceEntry PerformanceMark
  PerformanceMeasure PerformanceObserver ReadableStream Request Response SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream
  TransformStream URL URLSearchParams WebAssembly WritableStream atob btoa clearImmediate clearInterval clearTimeout console crypto fetch global globalThis
  performance process queueMicrotask require setImmediate setInterval setTimeout structuredClone`.split(/\s+/);
let globals: ReadonlySet<string> | undefined;

/** What every function on a Node host has. */
export function isGlobal(name: string): boolean {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a list of names
  globals ??= new Set([...(runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]), ...ofNode]);
  return globals.has(name);
}

/**
 * Names that the text of a function takes from around it. The engine says it: the text becomes a function within one whose parameters are all words of the
 * text, and of those it keeps what the inner function uses. Nothing of the text runs. Undefined where the engine cannot be asked.
 *
 * @throws SyntaxError where the text is no expression
 */
export function freeVariables(text: string): string[] | undefined {
  // Of an asynchronous arrow function V8 reads `async` as a name first, and keeps that.
  const names = [...new Set(text.match(word))].filter((name) => name !== "async" && isParameter(name));
  let made: unknown;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- it returns the function, and does not call it
    made = (new Function(...names, `return (${text}\n)`) as () => unknown)();
  } catch (error) {
    if (error instanceof EvalError) return undefined; // --disallow-code-generation-from-strings
    throw error;
  }
  const inspector = process.getBuiltinModule("node:inspector");
  if (process.versions["bun"] !== undefined || inspector === undefined) return undefined;
  const session = new inspector.Session();
  session.connect();
  try {
    return closureOf(made, session);
  } finally {
    session.disconnect();
  }
}

/** Reserved words are none. */
function isParameter(name: string): boolean {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- an empty function
    return typeof new Function(name, "") === "function";
  } catch {
    return false;
  }
}

interface Property {
  name: string;
  value?: { description?: string; objectId?: string };
}

/** What the scopes around a function hold, but for global ones. */
function closureOf(made: unknown, session: Session): string[] {
  const ask = (method: "Runtime.evaluate" | "Runtime.getProperties", parameters: object): Record<string, unknown> => {
    let answer: object = {};
    // It answers before it returns.
    session.post(method, parameters as never, (error: Error | null, found?: object) => {
      if (error === null) answer = found ?? {};
    });
    return answer as Record<string, unknown>;
  };
  const propertiesOf = (objectId: string | undefined, kind: "result" | "internalProperties"): Property[] => {
    if (objectId === undefined) return [];
    return (ask("Runtime.getProperties", { objectId, ownProperties: true })[kind] ?? []) as Property[];
  };
  Reflect.set(globalThis, subject, made);
  try {
    const { result } = ask("Runtime.evaluate", { expression: `globalThis[Symbol.for("sremote.function")]` });
    const inner = propertiesOf((result as Property["value"])?.objectId, "internalProperties");
    const scopes = inner.find(({ name }) => name === "[[Scopes]]");
    const closures = propertiesOf(scopes?.value?.objectId, "result").filter(({ value }) => value?.description?.startsWith("Closure"));
    return closures.flatMap(({ value }) => propertiesOf(value?.objectId, "result").map(({ name }) => name));
  } finally {
    Reflect.deleteProperty(globalThis, subject);
  }
}
