import { InvalidArgumentError } from "@sremote/protocol";
import { inspect } from "node:util";
import { isPlainObject } from "../call/check-values.ts";

/** Calls by name, of a module whose members are not known. */
export interface AnyModule {
  /** @param args positional arguments; {@link RemoteClient.kwargs} may be the last */
  (...args: unknown[]): Promise<unknown>;
  /** `any`, since a compiler that checks indexed access takes every other type for possibly undefined, and a member here never is. */
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
  readonly [name: string]: any;
}

/** Runs a function of the module. */
export interface ModuleCall {
  (path: string, args: unknown[], kwargs: Readonly<Record<string, unknown>> | undefined): Promise<unknown>;
}

/** Keyword arguments, behind the positional ones of a function of a {@link RemoteClient.module}. */
export class KeywordArguments {
  readonly values: Readonly<Record<string, unknown>>;
  /** @internal */
  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values;
  }
}

/** @throws InvalidArgumentError */
export function keywordArguments(values: Readonly<Record<string, unknown>>): KeywordArguments {
  if (!isPlainObject(values)) throw new InvalidArgumentError("kwargs", "a plain object of keyword arguments");
  return new KeywordArguments({ ...values });
}

/**
 * Members that the language and its tools look for in any object, most of them to call them: `await` and promises, JSON.stringify, test runners, frameworks.
 * None of them is on the host, so that looking at a proxy never becomes a call.
 */
const ofTools = new Set(["then", "toJSON", "asymmetricMatch", "$$typeof", "nodeType", "constructor", "prototype", "valueOf", "toString"]);

/** For `instanceof`: nothing is an instance of what is on the host. */
const noPrototype = Object.freeze({});

/** @param name of the module, for people */
export function moduleProxy(call: ModuleCall, name: string, path: readonly string[] = []): AnyModule {
  const joined = path.join(".");
  const shown = joined === "" ? name : `${name}.${joined}`;
  const target = (...args: unknown[]): Promise<unknown> => {
    const last = args.at(-1);
    if (!(last instanceof KeywordArguments)) return call(joined, args, undefined);
    return call(joined, args.slice(0, -1), last.values);
  };
  // util.inspect, and so console.log, looks behind the proxy.
  Object.defineProperty(target, inspect.custom, { value: () => `[RemoteModule ${shown}]`, configurable: true });
  const refuse = (): never => {
    throw new TypeError(`${shown} is on the host: its members cannot be set or deleted here`);
  };
  return new Proxy(target, {
    get(_target, member) {
      if (member === Symbol.toPrimitive || member === "toString") return () => shown;
      if (member === Symbol.toStringTag) return "RemoteModule";
      if (member === "toJSON") return () => shown;
      if (member === "prototype") return noPrototype;
      if (typeof member === "symbol" || ofTools.has(member)) return undefined;
      return moduleProxy(call, name, [...path, member]);
    },
    has: () => false,
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
  });
}
