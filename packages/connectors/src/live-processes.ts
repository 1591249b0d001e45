/* The live processes of a connector, which end with it. */
import type { SpawnedProcess } from "./connector.ts";

export class LiveProcesses {
  readonly #live = new Set<SpawnedProcess>();

  /** Takes a process until it has ended. @returns the process */
  add(process: SpawnedProcess): SpawnedProcess {
    this.#live.add(process);
    const forget = (): boolean => this.#live.delete(process);
    process.exit.then(forget, forget);
    return process;
  }

  /** Ends those that are left, all of them whatever happens to one. @throws the first error of one that could not be ended */
  async end(end: (process: SpawnedProcess) => PromiseLike<void> = (process) => process[Symbol.asyncDispose]()): Promise<void> {
    const ended = await Promise.allSettled(Array.from(this.#live, async (process) => end(process)));
    const failed = ended.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
