/* Finds the function of a call and runs it. */
import { SremoteError, UnserializableError, type CallMessage, type Failure, type ItemFailure, type Outcome } from "@sremote/protocol";
import { describeRefusal, describeThrown } from "./failure.ts";
import { asOurs } from "../host/standard.ts";
import { findConstant, findFunction, FunctionNotFound, type Callable, type FoundFunction } from "./lookup.ts";
import { findSyntaxError } from "./syntax-error.ts";
import { isPath, loadedModule, loadModule, ModuleNotFound, notFoundHint, type Namespace } from "./resolve.ts";

export interface Result {
  outcome: Outcome;
  error?: Failure;
  /** JSON text of the value on the wire. */
  value?: string;
  attachments: Uint8Array[];
  modules?: Record<string, string | null>;
  failures?: ItemFailure[];
}

/** What a function returned, or why it returned nothing. */
export type Performed = { returned: unknown } | Result;

/** How code of the user's is run: as it is, or on an owner's behalf. */
export interface Running {
  load<Value>(run: () => Value): Value;
  apply<Value>(run: () => Value): Value;
}

export const plainly: Running = { load: (run) => run(), apply: (run) => run() };

type Asked = Pick<CallMessage, "module" | "function">;

/** What a call comes to before the function runs: the function, a constant's value, or why there is neither. */
export type Sought = FoundCallable | Performed;

interface FoundCallable extends FoundFunction {
  /** How it is called, told by its text. */
  kind: "function" | "class" | "native";
}

/** For a function whose module was loaded before, which takes no waiting; undefined for others. Run it inside `asOurs`. */
export function seekLoaded(asked: Asked, args: unknown[]): Sought | undefined {
  const call = meant(asked, args);
  const namespace = loadedModule(call.module);
  return namespace && seek(namespace, call, call !== asked);
}

/** Finds the function and runs it. @param sought from `seekLoaded` */
export async function perform(
  asked: Asked,
  args: unknown[],
  base: string,
  running: Running = plainly,
  sought?: Sought,
): Promise<Performed> {
  const found = sought ?? (await find(asked, args, base, running));
  if (!("callable" in found)) return found;
  try {
    return { returned: await running.apply(() => apply(found, args)) };
  } catch (error) {
    return raised(describeThrown(error, "raised", "call"));
  }
}

export async function find(asked: Asked, args: unknown[], base: string, running: Running): Promise<Sought> {
  const call = meant(asked, args);
  try {
    const namespace = await running.load(() => loadModule(call.module, base));
    return asOurs(() => seek(namespace, call, call !== asked));
  } catch (error) {
    if (error instanceof ModuleNotFound) return refused(moduleNotFound(error, call.module));
    const failure = describeThrown(error, "raised", "import");
    if (failure.type === "SyntaxError" && failure.frames === undefined) {
      const place = findSyntaxError(call.module);
      if (place !== undefined) failure.frames = [place];
    }
    return raised(failure);
  }
}

/** A constant is asked for by a function of ours, with its name as arguments. */
function meant(asked: Asked, args: unknown[]): Asked {
  const isConstant = asked.module === "sremote:environment" && asked.function === "constant";
  return isConstant ? { module: String(args[0]), function: String(args[1]) } : asked;
}

/** Never throws. */
function seek(namespace: Namespace, call: Asked, isConstant: boolean): Sought {
  try {
    if (isConstant) return { returned: findConstant(namespace, call.module, call.function).value };
    const { callable, receiver } = findFunction(namespace, call.module, call.function);
    return { callable, receiver, kind: kindOf(callable) };
  } catch (error) {
    if (error instanceof FunctionNotFound) return refused(functionNotFound(error));
    return raised(describeThrown(error, "raised", "lookup")); // A getter of the module's.
  }
}

/** Taken at the start, since the user may replace them. */
const { apply: applyFunction, construct } = Reflect;
// oxlint-disable-next-line typescript/unbound-method -- applied to what it is to tell of
const toText = Function.prototype.toString;

/** Classes are constructed: their text says so, and of Node's own functions the engine does, before anything of theirs runs. */
function kindOf(callable: Callable): FoundCallable["kind"] {
  const text: string = applyFunction(toText, callable, []);
  if (/^class\b/.test(text)) return "class";
  // Bound functions look native too, but have no `prototype`; a user's code may be behind them, which must not run twice.
  return text.endsWith("{ [native code] }") && Object.hasOwn(callable, "prototype") ? "native" : "function";
}

export function apply({ callable, receiver, kind }: FoundCallable, args: unknown[]): unknown {
  if (kind === "class") return construct(callable, args);
  if (kind === "function") return applyFunction(callable, receiver, args);
  try {
    return applyFunction(callable, receiver, args);
  } catch (error) {
    if (error instanceof TypeError && /^(?:Class c|C)onstructor .* (?:requires|cannot be invoked without) 'new'/.test(error.message)) {
      return construct(callable, args);
    }
    throw error;
  }
}

/** Why what a function returned cannot be sent. */
export function describeUnserializable(error: unknown, value: unknown, name: string): Failure {
  if (!(error instanceof SremoteError)) return describeThrown(error, "unserializable-result", "result"); // A getter of the value's.
  const failure = describeRefusal(error, "unserializable-result", "result");
  failure.stage = "result";
  failure.message = `${name} ran, but its result cannot be sent: ${failure.message}`;
  if (error instanceof UnserializableError) failure.path = error.path;
  const hint = unserializableHint(value);
  if (hint !== undefined && failure.path === "return") failure.hint = hint;
  return failure;
}

function unserializableHint(value: unknown): string | undefined {
  if (typeof value === "function") return "return what the function gives, not the function";
  if (typeof value !== "object" || value === null) return undefined;
  if (Symbol.asyncIterator in value) return "an async iterator cannot travel: collect it in an array (`for await`)";
  if (Symbol.iterator in value && "next" in value) return "an iterator cannot travel: collect it in an array (`[...iterator]`)";
  return 'return a plain object with the members that are needed, or keep it on the host with returns: "object"';
}

function moduleNotFound(error: ModuleNotFound, module: string): Failure {
  const failure: Failure = { code: "module-not-found", stage: "import", message: error.message, names: error.tried };
  if (isPath(module)) failure.hint = "a relative path starts at the working directory of the call (cwd)";
  else if (!module.startsWith("node:")) failure.hint = notFoundHint;
  return failure;
}

function functionNotFound(error: FunctionNotFound): Failure {
  const failure: Failure = { code: "function-not-found", stage: "lookup", message: error.message };
  if (error.names.length > 0) {
    failure.names = error.names;
    failure.hint = `did you mean ${error.names.join(", ")}?`;
  }
  return failure;
}

export function refused(error: Failure): Result {
  return { outcome: "not-run", error, attachments: [] };
}

export function raised(error: Failure): Result {
  return { outcome: "raised", error, attachments: [] };
}
