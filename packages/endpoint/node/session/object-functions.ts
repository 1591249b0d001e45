/* The module `sremote:object`: what a client does with the objects and iterators that it holds. */
import { SremoteError } from "@sremote/protocol";
import type { Callable } from "../lookup.ts";
import { isOpenIterator, type Objects, type OpenIterator } from "./objects.ts";

export interface ObjectAction {
  objects: Objects;
  /** Under which number each object among the arguments is kept. */
  ids: ReadonlyMap<unknown, number>;
}

type ObjectFunction = (args: unknown[], action: ObjectAction) => unknown;

/** By the name that the client calls. */
export const objectFunctions: ReadonlyMap<string, ObjectFunction> = new Map<string, ObjectFunction>([
  ["get", ([object, name]) => Reflect.get(container(object), key(name))],
  ["set", ([object, name, value]) => put(object, name, value)],
  ["call", ([object, name, args, kwargs]) => invoke(object, name, args, kwargs)],
  ["item", ([object, name]) => (object instanceof Map ? object.get(name) : Reflect.get(container(object), key(name)))],
  ["setItem", ([object, name, value]) => (object instanceof Map ? void object.set(name, value) : put(object, name, value))],
  ["deleteItem", ([object, name]) => remove(object, name)],
  ["value", ([object]) => object],
  ["iterate", ([object]) => iteratorOf(object)],
  ["next", ([iterator], action) => next(iterator, action)],
  ["close", ([iterator], action) => close(iterator, action)],
  ["release", ([ids], { objects }) => release(ids, objects)],
]);

function container(object: unknown): object {
  if ((typeof object === "object" && object !== null) || typeof object === "function") return object;
  throw new TypeError(`a ${typeof object} has no members`);
}

/** Reflect would take `1` for a name all the same; what is no name of a member at all is a mistake. */
function key(name: unknown): string | number {
  if (typeof name === "string" || typeof name === "number") return name;
  throw new TypeError(`a member's name is a string or a number, not a ${typeof name}`);
}

function put(object: unknown, name: unknown, value: unknown): void {
  if (!Reflect.set(container(object), key(name), value)) throw new TypeError(`the member ${String(name)} cannot be set`);
}

function remove(object: unknown, name: unknown): void {
  if (object instanceof Map) object.delete(name);
  else if (!Reflect.deleteProperty(container(object), key(name))) throw new TypeError(`the member ${String(name)} cannot be deleted`);
}

function invoke(object: unknown, name: unknown, args: unknown, kwargs: unknown): unknown {
  const callable = name === null || name === undefined ? object : Reflect.get(container(object), key(name));
  if (!isCallable(callable)) {
    const what = typeof name === "string" ? `the member ${JSON.stringify(name)}` : "the object";
    throw new SremoteError("function-not-found", `${what} is a ${typeof callable}, not a function`, { stage: "lookup" });
  }
  const positional: unknown[] = Array.isArray(args) ? args : [];
  const named = typeof kwargs === "object" && kwargs !== null && Object.keys(kwargs).length > 0 ? [kwargs] : [];
  return Reflect.apply(callable, name === null || name === undefined ? undefined : object, [...positional, ...named]);
}

function isCallable(value: unknown): value is Callable {
  return typeof value === "function";
}

/** The iterator of whatever can be iterated over; an iterator is its own. @throws TypeError */
export function iteratorOf(object: unknown): OpenIterator {
  if (object !== null && object !== undefined) {
    for (const symbol of [Symbol.asyncIterator, Symbol.iterator]) {
      const make: unknown = Reflect.get(Object(object), symbol);
      const made: unknown = isCallable(make) ? Reflect.apply(make, object, []) : undefined;
      if (isOpenIterator(made)) return made;
    }
    if (isOpenIterator(object)) return object;
  }
  throw new TypeError("the object cannot be iterated over");
}

async function next(iterator: unknown, { objects, ids }: ObjectAction): Promise<{ done: boolean; value: unknown }> {
  if (!isOpenIterator(iterator)) throw new TypeError("the object is not an iterator");
  let step: unknown;
  try {
    step = await iterator.next();
  } catch (error) {
    objects.forget(ids.get(iterator) ?? 0); // A generator that threw is at its end.
    throw error;
  }
  if (typeof step !== "object" || step === null) throw new TypeError("next() of the iterator gave no object");
  const done = Reflect.get(step, "done") === true;
  // A plain iterator may give promises; an asynchronous loop awaits them.
  const value: unknown = await Reflect.get(step, "value");
  if (done) objects.forget(ids.get(iterator) ?? 0);
  return { done, value };
}

async function close(iterator: unknown, { objects, ids }: ObjectAction): Promise<void> {
  objects.forget(ids.get(iterator) ?? 0);
  if (isOpenIterator(iterator)) await iterator.return?.();
}

function release(ids: unknown, objects: Objects): void {
  if (!Array.isArray(ids)) throw new TypeError("release takes a list of numbers");
  for (const id of ids) if (typeof id === "number") objects.release(id);
}
