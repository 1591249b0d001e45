/*
 * The user's changes of what JavaScript itself has (JSON, methods of arrays, maps and promises, `toJSON` for every object) are his: they stay for his
 * code, and the parts of this program that read and write messages run with what was there at the start. Not undone is what he makes impossible to
 * undo (`configurable: false`).
 */
import { Module } from "node:module";

/** Taken before any code of the user's runs, as is all below. Nothing here may use a method that can be replaced, or iterate. */
const { defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;

type Holder = Record<PropertyKey, unknown>;

const globals = ["JSON", "Promise", "Array", "Object", "Map", "Set", "Buffer", "Uint8Array", "Reflect", "Number"];
const holders: object[] = [JSON, Array, Array.prototype, Object, Map.prototype, Set.prototype, Promise, Promise.prototype, Buffer, Number];
for (const each of [[], new Map(), new Set()]) holders.push(getPrototypeOf(each[Symbol.iterator]())!);

/** The methods that this program uses: to look at all would take as long as a tenth of a call. */
const used =
  " at entries every filter find includes join map push shift slice some splice get set has delete add forEach values keys from concat alloc allocUnsafe isArray hasOwn getPrototypeOf defineProperty isSafeInteger parse stringify then all next ";

const places: Holder[] = [];
const names: PropertyKey[] = [];
const values: unknown[] = [];
function remember(holder: object, name: PropertyKey): void {
  places.push(holder as Holder);
  names.push(name);
  values.push(Reflect.get(holder, name));
}
for (const name of globals) remember(globalThis, name);
for (const prototype of [Object.prototype, Array.prototype]) remember(prototype, "toJSON");
for (const holder of holders) {
  for (const name of ownKeys(holder)) {
    const property = getOwnPropertyDescriptor(holder, name)!;
    const isUsed = typeof name === "symbol" ? name === Symbol.iterator : used.includes(` ${name} `);
    if (isUsed && typeof property.value === "function") remember(holder, name);
  }
}

/** More of what this program uses, and of what Node does for it: of the process, events, texts and bytes, and how modules are loaded. */
const prototypeOfEvents = getPrototypeOf(getPrototypeOf(process)!)!;
const ofNode: readonly [holder: object, methods: string][] = [
  [process, "cwd umask cpuUsage resourceUsage nextTick"],
  [prototypeOfEvents, "on once off addListener removeListener emit eventNames rawListeners listenerCount"],
  [Function.prototype, "call apply bind"],
  [Object.prototype, "toString"],
  [Math, "ceil floor max min round"],
  [performance, "now"],
  [Promise.prototype, "finally catch"],
  [Array.prototype, "pop reverse splice sort indexOf flatMap fill unshift"],
  [Map.prototype, "clear"],
  [Set.prototype, "clear"],
  [String.prototype, "endsWith includes replace replaceAll slice split startsWith trim match padStart charCodeAt indexOf"],
  [RegExp.prototype, "exec test"],
  [TextEncoder.prototype, "encode encodeInto"],
  [TextDecoder.prototype, "decode"],
  [Buffer.prototype, "subarray slice toString"],
  [getPrototypeOf(Uint8Array.prototype)!, "subarray slice set fill indexOf includes"],
  [Module, "Module createRequire _load _resolveFilename _findPath _nodeModulePaths _resolveLookupPaths"],
  [Module.prototype, "_compile require load"],
];
for (const [holder, methods] of ofNode) for (const name of methods.split(" ")) remember(holder, name);
for (const name of [Symbol.replace, Symbol.split, Symbol.match]) remember(RegExp.prototype, name);

/** What to restore: in place `at` the property that the user had there. */
interface Change {
  at: number;
  theirs: PropertyDescriptor | undefined;
  next: Change | undefined;
}

/** Whether nothing of it was changed. Written out as code the question takes a tenth of the time: each place is one the engine knows. */
const areOurs: () => boolean = compare() ?? ((): boolean => firstChanged(0) === places.length);

function compare(): (() => boolean) | undefined {
  const known: object[] = [];
  const symbols: symbol[] = [];
  const tests = places.map((holder, at) => {
    const name = names[at]!;
    if (!known.includes(holder)) known.push(holder);
    if (typeof name === "symbol" && !symbols.includes(name)) symbols.push(name);
    return `h${known.indexOf(holder)}${typeof name === "symbol" ? `[s${symbols.indexOf(name)}]` : `.${String(name)}`}===v${at}`;
  });
  try {
    const list = (letter: string, items: readonly unknown[]): string => `[${items.map((_, at) => letter + at).join()}]=${letter}`;
    const text = `const${list("h", known)},${list("v", values)},${list("s", symbols)};return()=>${tests.join("&&")}`;
    // oxlint-disable-next-line typescript/no-implied-eval -- of nothing but our own names
    return (new Function("h", "v", "s", text) as (...all: unknown[]) => () => boolean)(known, values, symbols);
  } catch {
    return undefined; // Node was told to make no code of text
  }
}

function firstChanged(from: number): number {
  let at = from;
  while (at < places.length && places[at]![names[at]!] === values[at]) at++;
  return at;
}

/** Gives an object its methods as its own: what the user changes of its prototypes from now on does not reach it, no matter what calls them. */
export function pin(object: object): void {
  for (let from = getPrototypeOf(object); from !== null && from !== Object.prototype; from = getPrototypeOf(from)) {
    for (const name of ownKeys(from)) {
      const value: unknown = getOwnPropertyDescriptor(from, name)?.value;
      if (typeof value !== "function" || name === "constructor" || Object.hasOwn(object, name)) continue;
      defineProperty(object, name, { value, configurable: true, enumerable: false, writable: true });
    }
  }
}

/** Runs a part of this program that runs no code of the user's. */
export function asOurs<Value>(run: () => Value): Value {
  if (areOurs()) return run();
  let changes: Change | undefined;
  for (let at = firstChanged(0); at < places.length; at = firstChanged(at + 1)) changes = takeBack(at, changes);
  try {
    return run();
  } finally {
    for (let change: Change | undefined = changes; change !== undefined; change = change.next) giveBack(change);
  }
}

function takeBack(at: number, next: Change | undefined): Change | undefined {
  const holder = places[at]!;
  const name = names[at]!;
  const theirs = getOwnPropertyDescriptor(holder, name);
  const value = values[at];
  const done =
    value === undefined
      ? deleteProperty(holder, name)
      : defineProperty(holder, name, { value, configurable: true, enumerable: theirs?.enumerable === true, writable: true });
  return done ? { at, theirs, next } : next;
}

function giveBack({ at, theirs }: Change): void {
  if (theirs === undefined) deleteProperty(places[at]!, names[at]!);
  else defineProperty(places[at]!, names[at]!, theirs);
}
