/* Where else output goes: prefixed lines, and a file for each host. */
import { mkdir, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { type Job, LineTap, type OutputChunk, type Tap, writeTo } from "@sremote/process";
import { asLocalName } from "@sremote/transfer";
import { hostOf } from "./run.ts";

/** `node1: text`, each line whole, also where several hosts write at once. */
export function teeTo(stream: Writable, job: Job): Tap {
  const prefix = `${hostOf(job)}: `;
  return new LineTap(({ text }) => writeInTurn(stream, `${prefix}${text}\n`));
}

const writes = new WeakMap<Writable, Promise<void>>();

/** Many hosts write to one stream; those who wait for it stand in a line. */
function writeInTurn(stream: Writable, text: string): Promise<void> {
  const before = writes.get(stream);
  const write = async (): Promise<void> => {
    await before;
    await writeTo(stream, text, "the stream that output is copied to");
  };
  const written = write();
  writes.set(
    stream,
    written.catch(() => undefined),
  );
  return written;
}

/** Adds the exact bytes of both outputs, as they come, to the host's file in the directory. */
export class FileTap implements Tap {
  readonly #directory: string;
  readonly #path: string;
  #file: Promise<FileHandle> | undefined;

  constructor(directory: string, job: Job) {
    this.#directory = directory;
    this.#path = join(directory, `${asLocalName(hostOf(job))}.log`);
  }

  async chunk({ bytes }: OutputChunk): Promise<void> {
    await (await this.#open()).writeFile(bytes);
  }

  async end(): Promise<void> {
    await (await this.#open()).close();
    this.#file = undefined;
  }

  #open(): Promise<FileHandle> {
    this.#file ??= mkdir(this.#directory, { recursive: true }).then(() => open(this.#path, "a", 0o600));
    return this.#file;
  }
}
