/* Runs one call of a session in its worker: arguments, function, result. */
import {
  decodeValue,
  encodeValue,
  SremoteError,
  type Attachments,
  type Failure,
  type InvokeMessage,
  type ItemFailure,
  type Outcome,
  type WireValue,
} from "@sremote/protocol";
import {
  describeUnserializable,
  perform,
  raised,
  refused,
  seekLoaded,
  type Performed,
  type Result,
  type Running,
  type Sought,
} from "../run/dispatch.ts";
import { describeRefusal, describeThrown } from "../run/failure.ts";
import { begunPaths } from "../run/begun.ts";
import type { SendPart, SentItems } from "../run/item-results.ts";
import { performMany } from "../run/many.ts";
import { strayVariable } from "../run/strays.ts";
import { asOurs } from "../host/standard.ts";
import { checkModules } from "../run/module-versions.ts";
import { shippedDigests } from "../run/search-directories.ts";
import { countLoaded } from "../run/resolve.ts";
import { runAs, runAsNobody, type Owner } from "./call-owner.ts";
import { iteratorOf, objectFunctions } from "./object-functions.ts";
import { DependencyFailed, type Kept, type Objects, type Results } from "./objects.ts";
import type { Changes } from "./worker-state.ts";

/** What a call finds in its worker. */
export interface Surroundings {
  base: string;
  objects: Objects;
  results: Results;
  /** Modules were loaded. */
  onLoaded(): void;
  /** A function that asks the client. */
  callback(id: number): (...args: unknown[]) => Promise<unknown>;
  /** Sends a part of what a call with many items came to. */
  sendPart: SendPart;
}

export interface Ran {
  outcome: Outcome;
  value?: WireValue;
  error?: Failure;
  modules?: Record<string, string | null>;
  failures?: ItemFailure[];
  attachments: Uint8Array[];
  /** What to report when the call is over: what it has changed in its process. */
  end?: (changes: Changes) => void;
}

/** The module whose functions take a step of an iterator, release an object, and the like. */
const objectModule = "sremote:object";

/** Under which this process is known, as it was before any code of the user's ran. */
const ownMark = process.env[strayVariable] ?? "";

/** As it was before any code of the user's ran. */
const OwnPromise = Promise;

/** Stands for a result that is `undefined` until everything around it is decoded. */
const undefinedResult = Symbol("undefined");

/** The values that only sessions have, as they are decoded; and what was used of the worker meanwhile. */
export class SessionValues {
  /** Under which number each object met is kept. */
  #ids: Map<unknown, number> | undefined;
  #streams: Set<number> | undefined;
  readonly #around: Surroundings;
  #hasUndefined = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Under which number an object is kept that is among the arguments. */
  idOf(value: unknown): number | undefined {
    return this.#ids?.get(value);
  }

  /** For `decodeValue`. @throws SremoteError, DependencyFailed */
  readonly custom = (name: string, json: Record<string, unknown>): unknown => {
    if (name === "object" || name === "iterator") {
      const id = numberIn(json, "id");
      const value = this.#around.objects.use(id);
      (this.#ids ??= new Map<unknown, number>()).set(value, id);
      return value;
    }
    if (name === "callback") return this.#around.callback(numberIn(json, "id"));
    if (name !== "result") return undefined;
    const stream = numberIn(json, "stream");
    (this.#streams ??= new Set<number>()).add(stream);
    const value = this.#around.results.look(stream);
    if (value !== undefined) return value;
    this.#hasUndefined = true;
    return undefinedResult;
  };

  decode(wire: WireValue, attachments: Attachments, root: string, depth: number): unknown {
    const value = decodeValue(wire, attachments, { root, depth, custom: this.custom });
    return this.#hasUndefined ? putUndefined(value) : value;
  }

  /** Every argument is decoded, or one cannot be: each result counts as taken once. */
  taken(): void {
    if (this.#streams === undefined) return;
    for (const stream of this.#streams) this.#around.results.taken(stream);
    this.#streams = undefined;
  }
}

function numberIn(json: Record<string, unknown>, member: string): number {
  const number = json[member];
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  throw new SremoteError("protocol-error", `an argument that stands for what stays in its place has no integer as \`${member}\``, {
    stage: "request",
  });
}

function putUndefined(value: unknown): unknown {
  if (value === undefinedResult) return undefined;
  if (Array.isArray(value)) return value.map(putUndefined);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  for (const [name, inner] of Object.entries(value)) Reflect.set(value, name, putUndefined(inner));
  return value;
}

/** A call that was read: its arguments, what of the worker they stand for, and its function where that was found without waiting. */
export interface Prepared {
  message: InvokeMessage;
  values: SessionValues;
  args: unknown[];
  /** Of each item; those of other calls are the last of `args`. */
  kwargs: unknown;
  /** What the call leaves behind is its own. */
  owner: Owner;
  /** The iterator that it takes a step of. */
  step: Kept | undefined;
  modules: Record<string, string | null> | undefined;
  /** The function; or why the call cannot run. */
  sought: Sought | undefined;
}

/** @throws SremoteError `object-lost` where the worker was chosen by an argument, and has another version of the shipped code */
function checkVersion({ code }: InvokeMessage): void {
  if (code === undefined || String(code) === shippedDigests) return;
  throw new SremoteError("object-lost", "an argument is of another version of shipped code", { stage: "arguments" });
}

/** Reads a call. Never throws. Run it inside `asOurs`. @param depth of the message's JSON */
export function prepare(message: InvokeMessage, attachments: Attachments, depth: number, around: Surroundings): Prepared {
  const values = new SessionValues(around);
  const owner: Owner = { isOver: false };
  const prepared: Prepared = {
    message,
    values,
    args: [],
    kwargs: undefined,
    owner,
    step: undefined,
    modules: undefined,
    sought: undefined,
  };
  try {
    checkVersion(message);
    const args = values.decode(message.args, attachments, "args", depth);
    if (!Array.isArray(args)) throw new SremoteError("protocol-error", "args: not an array", { stage: "request" });
    prepared.args = args;
    if (message.kwargs !== undefined) {
      const kwargs = values.decode(message.kwargs, attachments, "kwargs", depth);
      if (message.each === undefined) args.push(kwargs);
      else prepared.kwargs = kwargs;
    }
    values.taken();
    if (message.modules !== undefined) prepared.modules = checkModules(message.modules, around.base);
    if (message.module === objectModule) {
      prepared.step = around.objects.iterator(values.idOf(args[0]));
      if (prepared.step !== undefined) for (const change of prepared.step.changes) change();
    } else prepared.sought = seekLoaded(message, message.each === undefined ? args : []);
  } catch (error) {
    values.taken();
    prepared.sought = refused(describeBadArguments(error));
  }
  return prepared;
}

/** Runs the function of a call. Resolves always: whatever goes wrong is in the result. */
export function execute(prepared: Prepared, around: Surroundings): Promise<Performed | SentItems> {
  const { message, args, kwargs, owner, sought, step } = prepared;
  if (message.module === objectModule && sought === undefined) return runAs(step?.owner ?? owner, () => act(prepared, around));
  if (message.each !== undefined) {
    const { base, sendPart: send } = around;
    return performMany(
      { ...message, items: args, kwargs },
      { base, send, paths: begunPaths(ownMark, process.pid), running: running(owner, around), sought },
    );
  }
  return perform(message, args, around.base, running(owner, around), sought);
}

/** What becomes of a call that has run. Run it inside `asOurs`. @param stream the call's */
export function conclude(stream: number, prepared: Prepared, performed: Performed | SentItems, around: Surroundings): Ran {
  const { message, owner, modules } = prepared;
  const ran: Ran =
    "failures" in performed && !("outcome" in performed)
      ? { outcome: "value", ...performed }
      : "returned" in performed
        ? toSend(performed.returned, message, around, owner)
        : withoutValue(performed);
  const step = prepared.step ?? around.objects.ofOwner(owner);
  ran.end = (changes) => {
    if (step?.owner !== owner) owner.isOver = true;
    if (step !== undefined) step.changes = changes;
  };
  if (message.keep !== undefined) {
    around.results.keep(stream, message.keep, "returned" in performed ? performed.returned : undefined, ran.error);
  }
  if (modules !== undefined) ran.modules = modules;
  return ran;
}

function running(owner: Owner, around: Surroundings): Running {
  return {
    load: (run) => {
      const before = countLoaded();
      const done = runAsNobody(run);
      if (!(done instanceof OwnPromise)) return done;
      // Not its `finally`, which calls the user's `then`.
      const accepted = afterwards(done, () => {
        if (countLoaded() !== before) around.onLoaded();
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the promise of the same
      return accepted as typeof done;
    },
    apply: (run) => runAs(owner, run),
  };
}

async function afterwards<Value>(done: Promise<Value>, then: () => void): Promise<Value> {
  try {
    return await done;
  } finally {
    asOurs(then);
  }
}

function describeBadArguments(error: unknown): Failure {
  if (error instanceof DependencyFailed) {
    const message = `an argument is the result of a call that gave none: ${error.message}`;
    return { code: "dependency-failed", stage: "arguments", message, cause: error.failure };
  }
  return describeRefusal(error, "protocol-error", "request");
}

async function act({ message, args, values }: Prepared, { objects }: Surroundings): Promise<Performed> {
  const action = asOurs(() => objectFunctions.get(message.function));
  if (action === undefined) {
    const problem = `${objectModule} has no ${JSON.stringify(message.function)}`;
    return refused({ code: "function-not-found", stage: "lookup", message: problem });
  }
  try {
    return { returned: await action(args, { objects, idOf: (value) => values.idOf(value) }) };
  } catch (error) {
    if (error instanceof SremoteError) return refused(describeRefusal(error, "bad-arguments", "arguments"));
    return raised(describeThrown(error, "raised", "call"));
  }
}

function withoutValue({ outcome, error, attachments }: Result): Ran {
  return error === undefined ? { outcome, attachments } : { outcome, error, attachments };
}

function toSend(value: unknown, message: InvokeMessage, { objects }: Surroundings, owner: Owner): Ran {
  const attachments: Uint8Array[] = [];
  try {
    if (message.returns === "object") {
      return keptAs("object", { id: objects.add(value, message.leaseMs, owner), type: typeName(value) });
    }
    if (isIterable(value)) return keptAs("iterator", { id: objects.add(iteratorOf(value), message.leaseMs, owner) });
    return { outcome: "value", value: encodeValue(value, "return", attachments, { code: "unserializable-result" }), attachments };
  } catch (error) {
    return withoutValue(raised(describeUnserializable(error, value, `${message.module}.${message.function}`)));
  }
}

function keptAs(name: "object" | "iterator", json: { id: number; type?: string }): Ran {
  return { outcome: "value", value: { json, meta: { values: [["custom", name]], v: 1 } }, attachments: [] };
}

/** What is not sent as a value, but given item by item. */
function isIterable(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set) return false;
  return Symbol.asyncIterator in value || (Symbol.iterator in value && "next" in value);
}

/** `module.Class` in the words of Python; JavaScript knows only the class. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const constructor: unknown = Reflect.get(Object(value), "constructor");
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : typeof value;
}
