/*
 * The user's changes of what JavaScript itself has (JSON, methods of arrays, maps and promises, `toJSON` for every object) are his: they stay for his
 * code, and the parts of this program that read and write messages run with what was there at the start. Not undone is what he makes impossible to
 * undo (`configurable: false`).
 */

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

/** What is to be put back: in place `at` the property that the user had there. */
interface Change {
  at: number;
  theirs: PropertyDescriptor | undefined;
  next: Change | undefined;
}

/** Runs a part of this program that runs no code of the user's. */
export function asOurs<Value>(run: () => Value): Value {
  let changes: Change | undefined;
  for (let at = 0; at < places.length; at++) {
    if (places[at]![names[at]!] !== values[at]) changes = takeBack(at, changes);
  }
  if (changes === undefined) return run();
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
