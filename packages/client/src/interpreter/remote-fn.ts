/* Functions of this program that run on a Node host. */
import { program } from "@sremote/endpoint";
import { type Failure, given, InvalidArgumentError } from "@sremote/protocol";
import type { Call } from "../call/call.ts";
import { checkOptions, ofCall } from "../call/check-options.ts";
import { extensionModules } from "../call/environment.ts";
import type { CallOptions } from "../call/options.ts";
import type { ResultOf } from "../object/remote-iterable.ts";
import type { Positional, RemoteObject } from "../object/remote-object.ts";
import { freeVariables, isGlobal } from "./free-variables.ts";
import type { InterpreterHost } from "./interpreter.ts";

/** Options of each call of the function. */
export type FnOptions = Omit<CallOptions, "runtime" | "kwargs">;

/** A function of this program that runs on the host. Its arguments may be calls and objects on the host. */
export type RemoteFn<A extends readonly unknown[], R> = (...args: Positional<A>) => Call<ResultOf<R>>;
/** As {@link RemoteFn}, with `returns: "object"`. */
export type RemoteObjectFn<A extends readonly unknown[], R> = (...args: Positional<A>) => Call<RemoteObject<Awaited<R>>>;

const knownOptions = ofCall.filter((name) => name !== "runtime" && name !== "kwargs");
/** As its program names it on the host. */
const file = /(?:^|\/)sremote-function\.cjs$/;

/** @throws InvalidArgumentError for what is no function, or not self-contained */
export function remoteFn(host: InterpreterHost, fn: unknown, options: FnOptions): (...args: readonly unknown[]) => Call {
  const text = textOf(fn);
  checkOptions(options, knownOptions);
  const own = { ...options, runtime: "node" as const };
  const lines = text.split("\n");
  const explain = (failure: Failure): void => {
    for (const frame of failure.frames ?? []) {
      if (!file.test(frame.file)) continue;
      frame.source = lines[frame.line - 1]?.trim() ?? null;
      frame.file = "<function>";
    }
    for (const inner of [failure.cause, ...(failure.exceptions ?? [])]) if (inner !== undefined) explain(inner);
  };
  const { name } = fn as { name: string };
  const purpose = { what: name === "" ? "the function" : `the function ${name}`, explain };
  return (...args) => host.call(extensionModules.node, "run", [program("function.cjs"), "call", text, ...args], own, purpose);
}

function textOf(fn: unknown): string {
  if (typeof fn !== "function") throw new InvalidArgumentError("fn", `a function${given(fn)}`);
  const text = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(text)) throw new InvalidArgumentError("fn", "a function of your own, not a native or bound one");
  if (/^class\b/.test(text)) throw new InvalidArgumentError("fn", "a function, not a class");
  let names: string[] | undefined;
  try {
    names = freeVariables(text);
  } catch (cause) {
    throw new InvalidArgumentError("fn", "an arrow function or a `function`, not a method", { cause });
  }
  // With it, the engine takes every name for a variable that may be used.
  if (names?.includes("eval")) throw new InvalidArgumentError("fn", "a function without eval, whose variables can be known");
  const foreign = (names ?? []).filter((name) => !isGlobal(name)).toReversed();
  if (foreign.length === 0) return text;
  const used = foreign.map((name) => `${name} (line ${lineOf(name, text)})`).join(", ");
  throw new InvalidArgumentError(`fn must be self-contained, but uses ${used} from around it`, undefined, {
    hint: "hand it over as an argument; load modules within the function, by require() or await import()",
  });
}

/** Where the name stands first, and not as a member. */
function lineOf(name: string, text: string): number {
  const escaped = name.replaceAll("$", "\\$");
  const found = new RegExp(`(?<![\\p{ID_Continue}$.]|\\.\\s)${escaped}(?![\\p{ID_Continue}$])`, "u").exec(text);
  return text.slice(0, found?.index ?? 0).split("\n").length;
}
