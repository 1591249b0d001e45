/* Carrying out the plan of a pull. */
import { rm } from "node:fs/promises";
import { hostLimits, ProtocolError, SremoteError } from "@sremote/protocol";
import { orAborted } from "@sremote/connectors";
import { sourceOf } from "./both-sides.ts";
import { deltaFiles, Rsync } from "./delta.ts";
import { type Entry, joinPath, type Listing, parentOf, type PathFailure, type Root } from "./entry.ts";
import type { Exchange } from "./exchange.ts";
import { decodeBatch, decodeJson, encodeJson, type Frame } from "./frame.ts";
import { hashOnHost } from "./host-tree.ts";
import type { IncomingFile } from "./incoming-file.ts";
import { digestStart, openLocal } from "./local-hash.ts";
import { isFatal, localFailure } from "./local-path.ts";
import { LocalReceiver } from "./local-receiver.ts";
import { messages } from "./message.ts";
import { mismatch, type Wanted } from "./new-file.ts";
import { candidates, type Resumed } from "./partials.ts";
import { fetchPart, largestInMemory } from "./parts.ts";
import type { Plan } from "./plan.ts";
import { isLeft } from "./temporary.ts";
import { fatalError, type Transfer } from "./transfer.ts";

const itemsOfFrame = 1000;
/** The most of a file that says it is empty, as in python/transfer_send.py. */
const { unsized } = hostLimits;

export class Pulling {
  transferred = 0;
  readonly failures: PathFailure[] = [];
  readonly #transfer: Transfer;
  readonly #exchange: Exchange;
  readonly #plan: Plan;
  readonly #roots: readonly Root[];
  readonly #receiver: LocalReceiver;
  readonly #resumed = new Map<string, Resumed>();
  #incoming: { number: number; file: IncomingFile } | undefined;
  /** Items that were answered. */
  readonly #answered = new Set<number>();

  constructor(transfer: Transfer, exchange: Exchange, plan: Plan, roots: readonly Root[], root: string) {
    this.#transfer = transfer;
    this.#exchange = exchange;
    this.#plan = plan;
    this.#roots = roots;
    try {
      this.#receiver = new LocalReceiver(root, transfer.options.createDirectories, plan.makeRoot);
    } catch (error) {
      throw fatalError(transfer, localFailure(root, error));
    }
  }

  async run(existing: Listing, stale: readonly { directory: string; name: string }[]): Promise<void> {
    const { progress, signal, options } = this.#transfer;
    const { plan, receiver } = { plan: this.#plan, receiver: this.#receiver };
    try {
      for (const entry of plan.conflicts) this.#attempt(entry.path, () => receiver.remove(entry));
      for (const entry of plan.directories) this.#attempt(entry.path, () => receiver.directory(entry, options.modes ? 0 : null));
      await this.#pullDeltas(existing);
      if (options.resume) await orAborted(this.#findResumed(existing), signal);
      progress.filesTotal = plan.files.length;
      const left = plan.files.filter((_, number) => !this.#answered.has(number));
      progress.bytesTotal = left.reduce((sum, { size, path }) => sum + size - (this.#resumed.get(path)?.length ?? 0), progress.bytes);
      if (left.length < plan.files.length) progress.filesDone(plan.files.length - left.length, "");
      await this.#receiveAll();
      for (const entry of plan.links) this.#attempt(entry.path, () => receiver.link(entry, options.times ? entry.time : null));
      for (const entry of plan.deletions) this.#attempt(entry.path, () => receiver.remove(entry));
      for (const { directory, name } of stale) {
        const path = joinPath(directory, name);
        if (isLeft(name)) this.#attempt(path, () => receiver.remove({ path, type: "file" }));
      }
      for (const { entry, mode, time } of plan.updates) this.#attempt(entry.path, () => receiver.update(entry, { mode, time }));
      progress.end();
    } finally {
      await this.#incoming?.file.interrupt();
      receiver.close();
    }
  }

  /** Large files of which only the differing parts travel. */
  async #pullDeltas(existing: Listing): Promise<void> {
    const files = deltaFiles(this.#transfer, this.#exchange, this.#plan.files, existing);
    if (files.length === 0) return;
    await using rsync = await Rsync.start(this.#transfer);
    for (const entry of files) {
      const { path, follow } = sourceOf(entry, this.#roots);
      const item = { root: entry.root, relative: entry.relative, length: null };
      const [answer] = await orAborted(hashOnHost(this.#exchange, this.#roots, [item], this.#transfer.host), this.#transfer.signal);
      if (answer === undefined || !("sha256" in answer)) return; // Sending it will say what is wrong.
      const made = await rsync.pull(this.#exchange, path, follow, this.#receiver.tree, entry.path);
      if (made === undefined) continue; // All of it is sent with the others.
      try {
        await this.#receiver.adopt(entry.path, made, entry.size, answer.sha256, this.#wanted(entry), this.#transfer.signal);
        this.#count(rsync.carried - this.transferred);
        this.#answered.add(this.#plan.files.indexOf(entry));
      } catch (error) {
        this.#fail(entry.path, error);
        this.#answered.add(this.#plan.files.indexOf(entry));
      } finally {
        await rm(made.directory, { recursive: true, force: true });
      }
    }
  }

  /** The failure of one path is its own, unless no other would be spared. */
  #attempt(path: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#fail(path, error);
      return false;
    }
  }

  #fail(path: string, error: unknown): void {
    if (error instanceof SremoteError) throw error;
    const failure = localFailure(path, error);
    this.failures.push(failure);
    if (isFatal(failure.errno)) throw fatalError(this.#transfer, failure);
  }

  #wanted({ mode, time }: Entry): Wanted {
    const { modes, times } = this.#transfer.options;
    return { mode: modes ? mode : null, time: times ? time : null };
  }

  async #receiveAll(): Promise<void> {
    const { files } = this.#plan;
    const inMemory = this.#exchange.limit !== Infinity;
    let part: number[] = [];
    let size = 0;
    for (const [number, entry] of files.entries()) {
      if (inMemory && entry.size > largestInMemory) continue;
      if (this.#answered.has(number)) continue;
      part.push(number);
      size += entry.size + 200;
      if (size < this.#exchange.limit) continue;
      await this.#request(part);
      [part, size] = [[], 0];
    }
    if (part.length > 0) await this.#request(part);
    for (const [number, entry] of files.entries()) {
      if (inMemory && entry.size > largestInMemory && !this.#answered.has(number)) await this.#inParts(entry, number);
    }
    for (const [number, { path }] of files.entries()) {
      if (!this.#answered.has(number)) this.failures.push({ path, errno: "EPROTO", message: "the host did not send it" });
    }
  }

  async #request(numbers: readonly number[]): Promise<void> {
    const roots = this.#roots.map(({ path, follow }) => [path, follow]);
    const frames: Buffer[] = [encodeJson(messages.request, { op: "send", roots, growing: this.#transfer.options.growing })];
    for (let at = 0; at < numbers.length; at += itemsOfFrame) {
      const items = numbers.slice(at, at + itemsOfFrame).map((number) => {
        const { root, relative, size, path } = this.#plan.files[number]!;
        return [number, root, relative, size, this.#resumed.get(path)?.length ?? 0];
      });
      frames.push(encodeJson(messages.items, items));
    }
    frames.push(encodeJson(messages.end, {}));
    await orAborted(
      this.#exchange.request(frames, (frame) => this.#take(frame)),
      this.#transfer.signal,
    );
  }

  async #take({ kind, payload }: Frame): Promise<void> {
    this.#transfer.signal.throwIfAborted();
    if (kind === messages.data) return await this.#piece(payload);
    if (kind === messages.files) return this.#batch(payload);
    const value = decodeJson(payload);
    if (!Array.isArray(value)) throw this.#lie();
    if (kind === messages.file) this.#begin(value);
    else if (kind === messages.fileEnd) await this.#end(value);
    else throw this.#lie();
  }

  /** Something was answered that was not asked, or twice. */
  #lie(): ProtocolError {
    return new ProtocolError("protocol-error", "the host's answer to a pull is not one", { stage: "pull", host: this.#transfer.host });
  }

  #entry(number: unknown): Entry {
    const entry = typeof number === "number" ? this.#plan.files[number] : undefined;
    if (entry === undefined || this.#answered.has(number as number)) throw this.#lie();
    this.#answered.add(number as number);
    return entry;
  }

  #batch(payload: Buffer): void {
    const { head, content } = decodeBatch(payload);
    if (!Array.isArray(head)) throw this.#lie();
    let at = 0;
    for (const item of head as unknown[]) {
      const [number, sha256, third, fourth] = (Array.isArray(item) ? item : []) as unknown[];
      const entry = this.#entry(number);
      if (typeof sha256 !== "string") {
        this.#refused(entry, third, fourth);
        continue;
      }
      // A file may hold another length than it says, as those of /proc and /sys do; never more than was asked for, but where it says that it is empty.
      const isLength = typeof third === "number" && Number.isSafeInteger(third) && third >= 0;
      if (!isLength || third > (entry.size === 0 ? unsized : entry.size) || at + third > content.length) throw this.#lie();
      const data = content.subarray(at, (at += third));
      if (third !== entry.size) this.#plan.files[number as number] = { ...entry, size: third };
      this.#attempt(entry.path, () => this.#receiver.file(entry.path, data, sha256, this.#wanted(entry)));
      this.#count(data.length);
      this.#transfer.progress.filesDone(1, entry.path);
    }
    if (at !== content.length) throw this.#lie();
  }

  #count(bytes: number): void {
    this.transferred += bytes;
    this.#transfer.progress.add(bytes);
  }

  #refused({ path }: Entry, errno: unknown, message: unknown): void {
    this.failures.push({ path, errno: String(errno).slice(0, 40), message: String(message).slice(0, 300) });
  }

  #begin([number]: unknown[]): void {
    if (this.#incoming !== undefined) throw this.#lie();
    this.#open(this.#entry(number), number as number);
  }

  #open(entry: Entry, number: number): void {
    this.#attempt(entry.path, () => {
      const file = this.#receiver.incoming(entry.path, entry.size, this.#wanted(entry), this.#resumed.get(entry.path));
      this.#incoming = { number, file };
    });
  }

  async #piece(payload: Buffer): Promise<void> {
    const incoming = this.#incoming;
    if (incoming === undefined) return; // It could not be begun, which is told already.
    try {
      await incoming.file.write(payload);
      this.#count(payload.length);
    } catch (error) {
      this.#incoming = undefined;
      await incoming.file.discard();
      this.#fail(this.#plan.files[incoming.number]!.path, error);
    }
  }

  async #end([number, sha256, third, fourth]: unknown[]): Promise<void> {
    const incoming = this.#incoming;
    this.#incoming = undefined;
    const entry = typeof number === "number" ? this.#plan.files[number] : undefined;
    if (entry === undefined || (incoming !== undefined && incoming.number !== number)) throw this.#lie();
    if (incoming === undefined) return;
    if (typeof sha256 !== "string") {
      await incoming.file.discard();
      return this.#refused(entry, third, fourth);
    }
    try {
      await incoming.file.finish(sha256);
      this.#transfer.progress.filesDone(1, entry.path);
    } catch (error) {
      this.#fail(entry.path, error);
    }
  }

  /** One large file where answers are held in memory. */
  async #inParts(entry: Entry, number: number): Promise<void> {
    const { host, signal } = this.#transfer;
    this.#answered.add(number);
    const item = { root: entry.root, relative: entry.relative, length: this.#transfer.options.growing ? entry.size : null };
    const [whole] = await orAborted(hashOnHost(this.#exchange, this.#roots, [item], host), signal);
    if (whole === undefined || !("sha256" in whole)) return this.#refused(entry, whole?.errno, whole?.message);
    this.#open(entry, number);
    while (this.#incoming !== undefined && this.#incoming.file.received < entry.size) {
      const { received } = this.#incoming.file;
      const part = await orAborted(
        fetchPart(this.#exchange, this.#roots, entry, received, { host, growing: this.#transfer.options.growing }),
        signal,
      );
      if (part instanceof Buffer) await this.#piece(part);
      else return await this.#end([number, null, ...part]);
    }
    await this.#end([number, whole.sha256]);
  }

  /** What an earlier pull left unfinished and is the beginning of the file as the host has it now. */
  async #findResumed(existing: Listing): Promise<void> {
    const { signal, host } = this.#transfer;
    const all = candidates(this.#plan.files, existing, this.#exchange.limit, isLeft);
    if (all.length === 0) return;
    const items = all.map(({ entry, partial }) => ({ root: entry.root, relative: entry.relative, length: partial.size }));
    const answers = await hashOnHost(this.#exchange, this.#roots, items, host);
    for (const [index, { entry, partial }] of all.entries()) {
      const answer = answers[index]!;
      if (!("sha256" in answer) || answer.length !== partial.size) continue;
      const path = joinPath(parentOf(entry.path), partial.name);
      try {
        const handle = await openLocal(this.#receiver.tree.locate(path), false);
        try {
          const hash = await digestStart(handle, partial.size, signal);
          if (hash?.copy().digest("hex") !== answer.sha256) throw mismatch();
          this.#resumed.set(entry.path, { name: partial.name, length: partial.size, hash });
        } finally {
          await handle.close();
        }
      } catch (error) {
        if (signal.aborted) throw error;
        // It is of no use: the file is received from its beginning, and this one goes.
        this.#attempt(path, () => this.#receiver.remove({ path, type: "file" }));
      }
    }
  }
}
