/* stdout and stderr within a worker: whether something waits to leave it, and other pipes for both after a call that started processes. */
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import type { Writable } from "node:stream";

const names = ["stdout", "stderr"] as const;
type Name = (typeof names)[number];

export class WorkerStreams {
  /** Which of Node's streams the user's code has used: making one takes milliseconds, so one that was not is not made to be flushed. */
  readonly #used: Set<Name> = new Set();
  /** Whether a process was started since this was last asked. */
  #started = false;
  readonly #children: Set<ChildProcess> = new Set();
  readonly #onMade: (name: Name) => void;

  /** @param onMade called when one of Node's streams was made */
  constructor(onMade: (name: Name) => void) {
    this.#onMade = onMade;
    for (const name of names) this.#watch(name);
    this.#watchProcesses();
  }

  takeStarted(): boolean {
    const started = this.#started;
    this.#started = false;
    if (this.#children.size === 0) return started;
    for (const child of this.#children) if (child.exitCode !== null || child.signalCode !== null) this.#children.delete(child);
    // One that is spoken with works for later calls too: what it prints belongs to the call that runs then.
    return started && !Array.from(this.#children).some(({ connected }) => connected);
  }

  /** Resolves when everything printed has left this process; undefined when it has already. */
  flush(): Promise<unknown> | undefined {
    if (this.#used.size === 0) return undefined;
    const waiting: Writable[] = [];
    for (const name of this.#used) if (process[name].writableLength > 0) waiting.push(process[name]);
    return waiting.length === 0 ? undefined : Promise.all(waiting.map(flush));
  }

  /**
   * Takes the named pipes as descriptors 1 and 2. Node cannot choose the number of a descriptor; the system gives the lowest that is free.
   * @throws where another thread was faster, or a pipe is gone: this process cannot go on then
   */
  replace(paths: readonly [string, string]): void {
    for (const [index, path] of paths.entries()) {
      closeSync(index + 1);
      if (openSync(path, "w") !== index + 1) throw new Error(`descriptor ${index + 1} was taken by another thread`);
    }
  }

  #watch(name: Name): void {
    const original = Object.getOwnPropertyDescriptor(process, name);
    if (original?.get === undefined || original.configurable !== true) {
      this.#used.add(name);
      this.#onMade(name);
      return;
    }
    const get = original.get.bind(process);
    Object.defineProperty(process, name, {
      ...original,
      get: () => {
        this.#used.add(name);
        Object.defineProperty(process, name, original);
        const stream = get();
        this.#onMade(name);
        return stream;
      },
    });
  }

  #watchProcesses(): void {
    const childProcess: typeof import("node:child_process") = createRequire(import.meta.url)("node:child_process");
    const note = (object: object, member: string): void => {
      const original: unknown = Reflect.get(object, member);
      if (typeof original !== "function") return;
      const noting = new Proxy(original, {
        apply: (target, self, args) => {
          this.#started = true;
          if (self instanceof childProcess.ChildProcess) this.#children.add(self);
          return Reflect.apply(target as (...args: unknown[]) => unknown, self, args);
        },
      });
      Reflect.set(object, member, noting);
    };
    note(childProcess.ChildProcess.prototype, "spawn");
    for (const member of ["spawnSync", "execSync", "execFileSync"]) note(childProcess, member);
    syncBuiltinESMExports();
  }
}

function flush(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) return resolve();
    stream.write("", () => resolve());
  });
}
