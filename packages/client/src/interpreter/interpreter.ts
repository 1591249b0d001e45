/* An interpreter on the host: snippets that share their variables, in a process of their own. */
import { randomBytes } from "node:crypto";
import { settledWithin, showAs } from "@sremote/connectors";
import { program } from "@sremote/endpoint";
import { checkConstruction, type Failure, InvalidArgumentError, RemoteExecError, SremoteError } from "@sremote/protocol";
import type { CallPurpose } from "../calls.ts";
import type { Call } from "../call/call.ts";
import { isPlainObject } from "../call/check-values.ts";
import { extensionModules } from "../call/environment.ts";
import type { CallArguments, CallOptions, ReturnsObject, Runtime } from "../call/options.ts";
import type { CallResult } from "../call/result.ts";
import { RemoteObject } from "../object/remote-object.ts";
import { isLost, objectModule, referenceOf } from "../object/remote-reference.ts";
import { checkSnippet, checkVariable, type InterpreterOptions, type SnippetOptions, type VariableOptions } from "./options.ts";
import { readRan, readShown, type Shown } from "./parts.ts";
import { SnippetLimits } from "./snippet-limits.ts";
import { Sources } from "./sources.ts";
import { SnippetCall, type SnippetResult } from "./snippet-call.ts";

/** What an interpreter needs of its client. */
export interface InterpreterHost {
  /** The connector's label. */
  readonly label: string;
  call(module: string, fn: string, args: CallArguments, options: CallOptions, purpose: CallPurpose): Call;
}

/** Milliseconds for which the host's word is waited for, where something is told or asked beside a snippet. */
const patience = 5000;
const lostHint = "restart() begins anew, without the variables";
/** What interrupts a snippet of Node, one after the other, with the milliseconds in which it may end: one that waits, one that computes. */
const signals = [
  ["SIGUSR2", 100],
  ["SIGINT", 500],
] as const;
const programs = { python: "interpreter.py", node: "interpreter.cjs" } as const;
const nothingShown: Shown = { parts: [], omitted: [] };

/**
 * An interpreter on the host, as a notebook has one: variables, imports and the working directory last from snippet to snippet. It is a process of its
 * own, which runs one snippet after the other. {@link RemoteClient.interpreter} gives one; dispose of it, or close the client, and its process ends.
 *
 * @example const { value, stdout } = await py.run("print(1); 6 * 7");
 */
export class Interpreter implements AsyncDisposable {
  /** The name it was asked for by, if any. */
  readonly name: string | undefined;
  readonly #host: InterpreterHost;
  readonly #options: InterpreterOptions;
  readonly #runtime: Runtime;
  readonly #letGo: () => boolean;
  #object: RemoteObject | undefined;
  /** Why the state is lost, if it is. */
  #lost: string | undefined;
  #closed: Promise<void> | undefined;
  #isRestarting = false;
  /** Of snippets whose host does not know their lines. */
  readonly #sources = new Sources();
  /** Of its process, where a signal is how it is interrupted. */
  #pid: number | undefined;
  /** Snippets that are not over, in their order. */
  readonly #running = new Set<Call>();

  /** @internal @param letGo whether it has no other user */
  constructor(host: InterpreterHost, options: InterpreterOptions & { runtime: Runtime }, letGo: () => boolean) {
    checkConstruction(
      typeof host?.call === "function" && typeof letGo === "function" && typeof options === "object" && options !== null,
      "Interpreter",
      "client.interpreter() gives one",
    );
    this.name = options.name;
    this.#host = host;
    this.#options = options;
    this.#runtime = options.runtime;
    this.#letGo = letGo;
  }

  /** Starts its process. @internal */
  async start(): Promise<this> {
    const { env, cwd, loginEnv, timeout, signal } = this.#options;
    const runtime = this.#runtime;
    const workerName = `interpreter-${randomBytes(8).toString("hex")}`;
    const args = [program(programs[runtime]), "make"];
    const options: ReturnsObject = { env, cwd, loginEnv, timeout, signal, workerName, returns: "object", runtime };
    const { value } = await this.#host.call(extensionModules[runtime], "run", args, options, { what: "starting an interpreter" });
    if (!(value instanceof RemoteObject))
      throw new SremoteError("protocol-error", "the host gave no interpreter", { host: this.#host.label });
    this.#object = value;
    this.#lost = undefined;
    this.#pid = runtime === "node" ? await value.get<number>("pid", { timeout, signal }) : undefined;
    return this;
  }

  /**
   * Runs a snippet. It begins when those before it have ended. In Python, `await` may stand outside of functions (from 3.8 on), `display(value)` shows a value
   * as the snippet's own is shown, and `_` is the value of the last snippet that had one.
   *
   * @param code the snippet; the indentation of its first line is taken off each line
   * @throws RemoteExecError `raised` with the snippet's lines in its traceback; `timeout`, `cancelled`, `exited`, `killed`, `out-of-memory`; `object-lost`
   * where the state is lost, since its process or its session has ended: {@link restart} then
   * @example const { value, parts } = await py.run("import numpy; numpy.arange(3).mean()");
   */
  run<T = unknown>(code: string, options: SnippetOptions = {}): SnippetCall<T> {
    let shown = nothingShown;
    const check = (): void => checkSnippet(code, options);
    const limits = this.#limitsOf(options, () => call);
    const finish = async (running: Promise<CallResult>): Promise<SnippetResult> => {
      try {
        const result = await this.#finished(limits === undefined ? running : limits.around(running));
        const { value, problem, text, ...rest } = readRan(result.value);
        shown = rest;
        return { ...result, value, problem, text, ...rest };
      } catch (error) {
        if (isInterrupt(error)) throw cancelled(error);
        if (error instanceof RemoteExecError && error.code === "raised") shown = await this.#takeShown();
        throw error;
      } finally {
        this.#running.delete(call);
      }
    };
    const args = this.#runtime === "node" ? [code, this.#sources.add(code)] : [code];
    const explain = (failure: Failure): void => this.#sources.explain(failure);
    const own = limits === undefined ? options : { ...options, timeout: undefined, signal: undefined };
    const call = this.#perform("run", args, own, { what: "the snippet", check, explain, finish });
    this.#running.add(call);
    limits?.begin(options);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller says what the snippet gives, as with every call
    return new SnippetCall<T>(
      call as Call<T>,
      () => shown,
      (reason) => this.#cancel(call, reason),
    );
  }

  /**
   * Sets a variable. The value travels as data (docs/values.md); an object on the host that is in the same process may be one.
   *
   * @example await py.set("table", [[1, 2], [3, 4]]);
   */
  async set(name: string, value: unknown, options: VariableOptions = {}): Promise<void> {
    const check = (): void => {
      checkVariable(this.#runtime, name, options);
      if (typeof value === "function")
        throw new InvalidArgumentError("value", "data, not a function, which could be called during one call only");
    };
    const finish = (running: Promise<CallResult>): Promise<CallResult> => this.#finished(running);
    await this.#perform("set", [name, value], options, { what: `setting the variable ${name}`, check, finish });
  }

  /**
   * The value of a variable. `returns: "object"` gives a {@link RemoteObject} for it.
   *
   * @throws RemoteExecError `raised` (a NameError) where there is none, `unserializable-result` where it cannot travel
   * @example const table = await py.get<number[][]>("table");
   */
  get<T = unknown>(name: string, options: VariableOptions & { returns: "object" }): Promise<RemoteObject<T>>;
  get<T = unknown>(name: string, options?: VariableOptions): Promise<T>;
  async get(name: string, options: VariableOptions & { returns?: "object" } = {}): Promise<unknown> {
    const check = (): void => checkVariable(this.#runtime, name, options, ["returns"]);
    const finish = (running: Promise<CallResult>): Promise<CallResult> => this.#finished(running);
    return (await this.#perform("get", [name], options, { what: `the variable ${name}`, check, finish })).value;
  }

  /**
   * Interrupts the snippet that runs, as Ctrl-C does; it rejects with `cancelled`. One that does not end within half a second is ended with its process.
   *
   * @returns whether the state is kept
   * @example const isKept = await py.interrupt();
   */
  async interrupt(): Promise<boolean> {
    const [call] = this.#running;
    if (call !== undefined) await this.#cancel(call);
    return await this.#isAlive();
  }

  /** Undefined where the host keeps them, and where there are none. */
  #limitsOf(options: SnippetOptions, call: () => Call): SnippetLimits | undefined {
    if (this.#runtime === "python" || !isPlainObject(options) || options.signal?.aborted === true) return undefined;
    if (options.timeout === undefined && options.signal === undefined) return undefined;
    return new SnippetLimits({ host: this.#host.label, id: () => call().id, interrupt: () => this.#cancel(call()) });
  }

  async #cancel(call: Call, reason?: unknown): Promise<void> {
    // A Node process ends with a call that is cancelled; signals, which another process of the host sends it, only end the snippet.
    if (this.#pid !== undefined && call === this.#running.values().next().value) {
      const ended = call.settled.catch(() => undefined);
      for (const [signal, milliseconds] of signals) {
        const options = { runtime: this.#runtime, timeout: patience };
        const sent = this.#host.call("node:process", "kill", [this.#pid, signal], options, { what: "interrupting the snippet" });
        await sent.catch(() => undefined); // a process that is gone
        if (await settledWithin(ended, milliseconds)) return;
      }
    }
    await call.cancel(reason);
  }

  /**
   * Ends the process and begins with another one, without variables. A snippet that runs rejects with `cancelled`.
   *
   * @example await py.restart();
   */
  async restart(): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError();
    if (this.#isRestarting) throw new InvalidArgumentError("restart() cannot be called while it restarts already");
    this.#isRestarting = true;
    try {
      await this.#end();
      await this.start();
    } finally {
      this.#isRestarting = false;
    }
  }

  /** Ends its process, unless another caller has asked for the same name. May be called more than once. */
  async close(): Promise<void> {
    if (this.#closed === undefined && this.#letGo()) this.#closed = this.#end();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #perform(method: string, args: readonly unknown[], options: object, purpose: CallPurpose): Call {
    const object = this.#object;
    const check = (): void => {
      purpose.check?.();
      if (this.#closed !== undefined) throw this.#closedError();
      if (object === undefined || this.#lost !== undefined || this.#isOver) throw this.#lostError();
    };
    return this.#host.call(objectModule, "call", [object, method, args], { ...options, runtime: this.#runtime }, { ...purpose, check });
  }

  /** What a use of the process comes to: that the state is lost, it says in words of its own. */
  async #finished(running: Promise<CallResult>): Promise<CallResult> {
    try {
      return await running;
    } catch (error) {
      if (isLost(error) && (error as RemoteExecError).hint !== lostHint) throw this.#lostError(error);
      if (error instanceof InvalidArgumentError && this.#isOver) throw this.#lostError(error);
      if (error instanceof RemoteExecError && error.outcome === "killed") this.#lost = error.remote?.message;
      throw error;
    }
  }

  #lostError(cause?: unknown): RemoteExecError {
    this.#lost ??= this.#isOver ? "its session with the host has ended" : "its process has ended";
    const options = { stage: "arguments", host: this.#host.label, hint: lostHint, outcome: "not-run", cause } as const;
    return new RemoteExecError("object-lost", `the interpreter has lost its state: ${this.#lost}`, options);
  }

  #closedError(): SremoteError {
    return new SremoteError("closed", "the interpreter was closed", { host: this.#host.label });
  }

  get #isOver(): boolean {
    return this.#object !== undefined && referenceOf.get(this.#object)?.place.session.isOver === true;
  }

  /** Whether its process is there; one that is busy with a snippet is. */
  async #isAlive(): Promise<boolean> {
    try {
      await this.#finished(this.#perform("ping", [], { queueTimeout: patience }, { what: "asking the interpreter" }));
      return true;
    } catch (error) {
      return !isLost(error);
    }
  }

  /** What a snippet has shown that raised then. */
  async #takeShown(): Promise<Shown> {
    try {
      const options = { timeout: patience };
      return readShown((await this.#perform("take_parts", [], options, { what: "asking the interpreter" })).value);
    } catch {
      return nothingShown; // its own error is what the caller is told
    }
  }

  async #end(): Promise<void> {
    const object = this.#object;
    await Promise.all(Array.from(this.#running, (call) => call.cancel()));
    if (object === undefined) return;
    if (this.#lost === undefined && !this.#isOver) {
      const ended = this.#host.call(
        objectModule,
        "call",
        [object, "end", []],
        { runtime: this.#runtime },
        { what: "ending the interpreter" },
      );
      // It has no value: its process ends.
      const settled = ended.then(undefined, () => undefined);
      await settledWithin(settled, patience);
    }
    this.#object = undefined;
    await object.release();
  }

  static {
    showAs(this, "Interpreter", (self) => ({ name: self.name, host: self.#host.label, lost: self.#lost !== undefined }));
  }
}

function isInterrupt(error: unknown): error is RemoteExecError {
  return error instanceof RemoteExecError && error.code === "raised" && error.remote?.type === "SnippetInterrupted";
}

/** In the words in which every call says so. */
function cancelled(error: RemoteExecError): RemoteExecError {
  const { host, callId, stdout, stderr } = error;
  return new RemoteExecError("cancelled", "the snippet was cancelled", {
    stage: "call",
    host,
    callId,
    stdout,
    stderr,
    outcome: "cancelled",
  });
}
