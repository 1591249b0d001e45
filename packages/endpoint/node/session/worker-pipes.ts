/* Pipes for stdout and stderr of a worker: real ones where named pipes can be made in memory (see output-pipes.ts), else the sockets that Node makes. */
import { closeSync, constants, openSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { loadNet } from "../host/lazy.ts";
import { errorCode } from "../host/directory.ts";
import type { PrivatePlace } from "./private-place.ts";
import type { Watcher } from "./watcher.ts";

/** The reading ends, and the names by which a process opens the others. */
export interface NamedPipes {
  readers: readonly [Socket, Socket];
  paths: readonly [string, string];
}

export class PipeMaker {
  readonly #place: PrivatePlace;
  readonly #watcher: Watcher;
  #last = 0;
  #spare: Promise<readonly [string, string] | undefined> | undefined;

  constructor(place: PrivatePlace, watcher: Watcher) {
    this.#place = place;
    this.#watcher = watcher;
    this.prepare();
  }

  /** Begins to make the next pair, so that who needs it does not wait. */
  prepare(): void {
    if (this.#place.isMemory) this.#spare ??= this.#make();
  }

  /** Resolves with undefined where there are none to be had. */
  async take(): Promise<NamedPipes | undefined> {
    this.prepare();
    const names = this.#spare;
    this.#spare = undefined;
    const paths = await names;
    if (paths === undefined) return undefined;
    try {
      return { readers: [openReader(paths[0]), openReader(paths[1])], paths };
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      removePipes(paths);
      return undefined;
    }
  }

  async #make(): Promise<readonly [string, string] | undefined> {
    const names: readonly [string, string] = [`o${++this.#last}`, `e${this.#last}`];
    const made = await this.#watcher.makePipes(names);
    return made ? [`${this.#place.directory}/${names[0]}`, `${this.#place.directory}/${names[1]}`] : undefined;
  }
}

/** Without waiting for a writer. */
function openReader(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const { Socket: PipeEnd } = loadNet();
  return new PipeEnd({ fd, readable: true, writable: false });
}

/** Descriptors of the writing ends, which need not wait since there are readers; the names are no longer needed. */
export function openWriters(paths: readonly [string, string]): [number, number] {
  const stdout = openSync(paths[0], constants.O_WRONLY);
  try {
    return [stdout, openSync(paths[1], constants.O_WRONLY)];
  } catch (error) {
    closeSync(stdout);
    throw error;
  } finally {
    removePipes(paths);
  }
}

export function removePipes(paths: readonly [string, string]): void {
  for (const path of paths) rmSync(path, { force: true });
}
