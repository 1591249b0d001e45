/* The module `sremote:object`: what a client does with the objects and iterators that it holds. */
import { SremoteError } from "@sremote/protocol";
import type { Callable } from "../run/lookup.ts";
import { asOurs } from "../host/standard.ts";
import { isOpenIterator, type Objects, type OpenIterator } from "./objects.ts";

export interface ObjectAction {
  objects: Objects;
  /** Under which number each object among the arguments is kept. */
  readonly idOf: (value: unknown) => number | undefined;
}

type ObjectFunction = (args: unknown[], action: ObjectAction) => unknown;

/** Taken at the start, since the user may replace them. Where code of the user's may run, nothing of ours iterates or calls what can be replaced. */
const { apply, deleteProperty, get, set } = Reflect;

/** By the name that the client calls. */
export const objectFunctions: ReadonlyMap<string, ObjectFunction> = new Map<string, ObjectFunction>([
  ["get", (args) => get(container(args[0]), key(args[1]))],
  ["set", (args) => put(args[0], args[1], args[2])],
  ["call", (args) => invoke(args[0], args[1], args[2], args[3])],
  ["item", (args) => (args[0] instanceof Map ? args[0].get(args[1]) : get(container(args[0]), key(args[1])))],
  ["setItem", (args) => (args[0] instanceof Map ? void args[0].set(args[1], args[2]) : put(args[0], args[1], args[2]))],
  ["deleteItem", (args) => remove(args[0], args[1])],
  ["value", (args) => args[0]],
  ["iterate", (args) => iteratorOf(args[0])],
  ["next", (args, action) => next(args[0], action)],
  ["close", (args, action) => close(args[0], action)],
  ["release", (args, { objects }) => asOurs(() => release(args[0], objects))],
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
  if (!set(container(object), key(name), value)) throw new TypeError(`the member ${String(name)} cannot be set`);
}

function remove(object: unknown, name: unknown): void {
  if (object instanceof Map) object.delete(name);
  else if (!deleteProperty(container(object), key(name))) throw new TypeError(`the member ${String(name)} cannot be deleted`);
}

function invoke(object: unknown, name: unknown, args: unknown, kwargs: unknown): unknown {
  const callable = name === null || name === undefined ? object : get(container(object), key(name));
  if (!isCallable(callable)) {
    const what = typeof name === "string" ? `the member ${JSON.stringify(name)}` : "the object";
    throw new SremoteError("function-not-found", `${what} is a ${typeof callable}, not a function`, { stage: "lookup" });
  }
  const given = asOurs(() => {
    const positional: unknown[] = Array.isArray(args) ? args : [];
    return typeof kwargs === "object" && kwargs !== null && Object.keys(kwargs).length > 0 ? [...positional, kwargs] : positional;
  });
  return apply(callable, name === null || name === undefined ? undefined : object, given);
}

function isCallable(value: unknown): value is Callable {
  return typeof value === "function";
}

/** The iterator of whatever can be iterated over; an iterator is its own. @throws TypeError */
export function iteratorOf(object: unknown): OpenIterator {
  if (object !== null && object !== undefined) {
    const made = madeBy(object, Symbol.asyncIterator) ?? madeBy(object, Symbol.iterator);
    if (made !== undefined) return made;
    if (isOpenIterator(object)) return object;
  }
  throw new TypeError("the object cannot be iterated over");
}

function madeBy(object: unknown, symbol: symbol): OpenIterator | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- neither null nor undefined, so it may be asked for a member
  const make: unknown = (object as Record<symbol, unknown>)[symbol];
  const made: unknown = isCallable(make) ? apply(make, object, []) : undefined;
  return isOpenIterator(made) ? made : undefined;
}

async function next(iterator: unknown, { objects, idOf }: ObjectAction): Promise<{ done: boolean; value: unknown }> {
  if (!isOpenIterator(iterator)) throw new TypeError("the object is not an iterator");
  let step: unknown;
  try {
    step = await iterator.next();
  } catch (error) {
    asOurs(() => objects.forget(idOf(iterator) ?? 0)); // A generator that threw is at its end.
    throw error;
  }
  if (typeof step !== "object" || step === null) throw new TypeError("next() of the iterator gave no object");
  const done = get(step, "done") === true;
  // A plain iterator may give promises; an asynchronous loop awaits them.
  const value: unknown = await get(step, "value");
  if (done) asOurs(() => objects.forget(idOf(iterator) ?? 0));
  return { done, value };
}

async function close(iterator: unknown, { objects, idOf }: ObjectAction): Promise<void> {
  asOurs(() => objects.forget(idOf(iterator) ?? 0));
  if (isOpenIterator(iterator)) await iterator.return?.();
}

function release(ids: unknown, objects: Objects): void {
  if (!Array.isArray(ids)) throw new TypeError("release takes a list of numbers");
  for (const id of ids) if (typeof id === "number") objects.release(id);
}
