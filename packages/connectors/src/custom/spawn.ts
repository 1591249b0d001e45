/* Live processes by an author's function, which end with the connector whatever the author's own part does. */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError } from "@sremote/protocol";
import type { Command, SpawnedProcess } from "../connector.ts";
import { orAborted, settledWithin } from "../deadline.ts";
import type { OwnOptions } from "../own-options.ts";
import { LiveProcesses } from "../live-processes.ts";
import { startLine } from "../process/index.ts";
import { connectError } from "./error.ts";
import { endCommand } from "./exec.ts";
import { GatedProcess } from "./gated-process.ts";
import type { CustomFunctions } from "./functions.ts";

/** Milliseconds for an author's own way to end a process. */
const endTimeout = 5000;
/** Milliseconds for a command of our own. */
const askTimeout = 20_000;

export class CustomProcesses {
  readonly #functions: CustomFunctions;
  readonly #live = new LiveProcesses();
  readonly #tags = new WeakMap<SpawnedProcess, string>();

  constructor(functions: CustomFunctions) {
    this.#functions = functions;
  }

  /** Starts a command. A function that goes on after an abort has what it started ended, for which `later` waits. */
  async start(command: Command, signal: AbortSignal, later: OwnOptions["later"]): Promise<SpawnedProcess> {
    const { label, spawn } = this.#functions;
    const tag = randomBytes(16).toString("hex");
    // Every process of the command inherits the variable, so that all can be found, whatever their parent is by then.
    const before = `SREMOTE_EXEC=${tag}; export SREMOTE_EXEC\n`;
    const announced = startLine(command, { announceOnStderr: false, before });
    const starting = (async () => spawn!(announced.line, { signal }))();
    try {
      const started = await orAborted(starting, signal);
      checkProcess(started);
      const process = new GatedProcess(started, announced, (line) => this.#runLine(line), label);
      this.#tags.set(process, tag);
      return this.#live.add(process);
    } catch (error) {
      // The abort is the error to report.
      if (signal.aborted) later?.(starting.then((late) => this.#end(late, tag)).catch(() => {}));
      throw connectError(error, "spawn", label);
    }
  }

  async #runLine(line: string): Promise<Buffer> {
    const { stdout } = await this.#functions.exec(`${line} < /dev/null`, { signal: AbortSignal.timeout(askTimeout) });
    return Buffer.from(stdout);
  }

  /** Ends all. @throws ConnectError when an author's part could not */
  async close(): Promise<void> {
    try {
      await this.#live.end((process) => this.#end(process, this.#tags.get(process)));
    } catch (error) {
      throw connectError(error, "close", this.#functions.label);
    }
  }

  /** In the author's way, which may only end a program on this side of the link; then on the host whatever is left of it. */
  async #end(process: SpawnedProcess, tag: string | undefined): Promise<void> {
    const ending = (async () => process[Symbol.asyncDispose]())();
    await settledWithin(ending, endTimeout);
    if (tag !== undefined) await endCommand(this.#functions, tag);
    await Promise.race([ending, Promise.resolve()]);
  }
}

function checkProcess(process: SpawnedProcess): void {
  const what = "result of spawn";
  if (typeof process !== "object" || process === null) throw new InvalidArgumentError(what, "an object");
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    if (typeof process[name] !== "object" || process[name] === null) throw new InvalidArgumentError(`${name} of the ${what}`, "a stream");
  }
  if (typeof process.exit?.then !== "function") throw new InvalidArgumentError(`exit of the ${what}`, "a promise");
  if (typeof process.kill !== "function") throw new InvalidArgumentError(`kill of the ${what}`, "a function");
  if (typeof process[Symbol.asyncDispose] !== "function") {
    throw new InvalidArgumentError(`[Symbol.asyncDispose] of the ${what}`, "a function that ends the process");
  }
}
