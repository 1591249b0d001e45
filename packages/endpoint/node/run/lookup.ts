/* Finds the function of a call in its module. */
import { nearNames } from "@sremote/protocol";
import type { Namespace } from "./resolve.ts";

export type Callable = (...args: unknown[]) => unknown;

export interface FoundFunction {
  callable: Callable;
  /** What it is a member of: its `this`. */
  receiver: unknown;
}

/** No such function; `names` are functions with near names, `message` says what is there instead. */
export class FunctionNotFound extends Error {
  override name = "FunctionNotFound";
  readonly names: string[];

  constructor(message: string, names: string[]) {
    super(message);
    this.names = names;
  }
}

const mostNames = 5;

/** @param path dotted: `Buffer.from`; each step is looked up, the first in the namespace and then in its default export */
export function findFunction(namespace: Namespace, module: string, path: string): FoundFunction {
  return find(namespace, module, path, (value, root, steps, receiver) => {
    if (isCallable(value)) return { callable: value, receiver: receiver === root ? receiverIn(root, steps[0]!, value) : receiver };
    return new FunctionNotFound(`${module}.${path} is ${value === null ? "null" : `a ${typeof value}`}, not a function`, []);
  });
}

/** The value of a name, looked up as a function is. */
export function findConstant(namespace: Namespace, module: string, path: string): { value: unknown } {
  return find(namespace, module, path, (value) =>
    isCallable(value) ? new FunctionNotFound(`${module}.${path} is no constant but a function`, []) : { value },
  );
}

/** What is at the end of a path; or why it is not what is wanted. */
type Take<T> = (value: unknown, root: unknown, steps: readonly string[], receiver: unknown) => T | FunctionNotFound;

function find<T extends object>(namespace: Namespace, module: string, path: string, take: Take<T>): T {
  const steps = path.split(".");
  let problem: FunctionNotFound | undefined;
  for (const root of [namespace, namespace["default"]]) {
    const found = follow(root, steps, module, take);
    if (!(found instanceof FunctionNotFound)) return found;
    // The message of the root that leads further, or that has names to offer, helps more.
    if (problem === undefined || (problem.names.length === 0 && found.names.length > 0)) problem = found;
  }
  throw problem!;
}

function follow<T>(root: unknown, steps: readonly string[], module: string, take: Take<T>): T | FunctionNotFound {
  let receiver: unknown;
  let value = root;
  let place = module;
  for (const step of steps) {
    receiver = value;
    if (!hasMember(value, step)) return new FunctionNotFound(`${place} has no ${JSON.stringify(step)}`, nearFunctions(value, step));
    value = value[step];
    place = `${place}.${step}`;
  }
  return take(value, root, steps, receiver);
}

/** `this` as an importing module would give it: none for an export; module.exports for a member of it, which Node shows as an export too. */
function receiverIn(root: unknown, name: string, value: unknown): unknown {
  if (Object.prototype.toString.call(root) !== "[object Module]") return root;
  const exported = hasMember(root, "default") ? root.default : undefined;
  return hasMember(exported, name) && exported[name] === value ? exported : undefined;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === "function";
}

function hasMember<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && name in value;
}

/** Names of functions that differ in few letters, nearest first. */
function nearFunctions(value: unknown, asked: string): string[] {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return [];
  return nearNames(asked, memberNames(value), mostNames);
}

function memberNames(value: object): string[] {
  const names = new Set<string>();
  for (
    let object: object | null = value;
    object !== null && object !== Object.prototype && object !== Function.prototype;
    object = Reflect.getPrototypeOf(object)
  ) {
    for (const name of Object.getOwnPropertyNames(object)) if (!name.startsWith("__") && name !== "constructor") names.add(name);
  }
  return [...names].filter(
    (name) => typeof Object.getOwnPropertyDescriptor(value, name)?.value === "function" || !Object.hasOwn(value, name),
  );
}
