/* From this machine to a host. */
import { InvalidArgumentError, ProtocolError, SremoteError, given } from "@sremote/protocol";
import { orAborted } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { deltaFiles, Rsync } from "./delta.ts";
import { fillDiffs } from "./dry-run.ts";
import { type Entry, joinPath, type Listing, parentOf, type PathFailure, type Root } from "./entry.ts";
import type { Exchange, Frames } from "./exchange.ts";
import { decodeJson, encodeJson, type Frame, frameOf } from "./frame.ts";
import { hashOnHost, listHost } from "./host-tree.ts";
import { digestStart, openLocal } from "./local-hash.ts";
import { type Outgoing, sendFrames } from "./local-sender.ts";
import { localFailure } from "./local-path.ts";
import { listLocal } from "./local-tree.ts";
import { hashBoth, sourceOf } from "./both-sides.ts";
import { messages } from "./message.ts";
import { checkOptions, type CopyOptions } from "./options.ts";
import { candidates, type Resumed } from "./partials.ts";
import { largestInMemory, partsOf, ReadFailure } from "./parts.ts";
import { checkSources, placeSources } from "./place.ts";
import { orphans, type Plan } from "./plan.ts";
import { sourcesOf } from "./follow-links.ts";
import type { TransferResult } from "./result.ts";
import { compare, fatalError, resultOf, type Transfer, withHost } from "./transfer.ts";

const actionsOfFrame = 500;
/** How often a file in parts begins anew where another transfer took its unfinished one, and how that is told. */
const mostAnew = 3;
const lost: readonly string[] = ["ENOENT", "EDIGEST"];

/**
 * Copies files and trees to a host.
 *
 * @param sources one path: the destination is what it is called there. A list, or a destination that ends with `/`: each goes into that
 *   directory under its own name
 * @param destination on the host; a relative one begins where commands do, most often in the home directory, and `~/x` always there
 *
 * @example
 * ```ts
 * import { ssh } from "sremote";
 * import { push } from "sremote/transfer";
 *
 * const { ok, failures } = await push(ssh("me@gpu.example.org"), ["site", "data"], "www/");
 * ```
 */
export async function push(
  connector: Connector,
  sources: string | readonly string[],
  destination: string,
  options: CopyOptions = {},
): Promise<TransferResult> {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", `an object${given(options)}`);
  const checked = checkOptions(options);
  const wanted = checkSources(sources, destination, "sources");
  const started = performance.now();
  return await withHost(connector, "push", options, checked, async (transfer, starting) => {
    const { signal, host } = transfer;
    const list = (roots: readonly Root[]): Promise<Listing> => listLocal(roots, checked.entryLimit, signal);
    const { listing, roots } = await sourcesOf(await list(wanted.roots), wanted.roots, checked, list);
    const placed = placeSources(wanted, listing, host);
    const exchange = await orAborted(starting, signal);
    const existing = await orAborted(listHost(exchange, placed.existing, checked.entryLimit, host), signal);
    const plan = await compare(transfer, placed.source, existing, exchange.exactTimes, (pairs) =>
      hashBoth(transfer, exchange, pairs, roots, placed.existing),
    );
    if (checked.dryRun) {
      await orAborted(fillDiffs(transfer, exchange, plan, existing, roots, placed.existing), signal);
      return resultOf(plan, [], 0, started, checked);
    }
    const pushing = new Pushing(transfer, exchange, plan, roots, placed.root);
    try {
      await orAborted(pushing.run(existing, placed.existing, checked.delete ? orphans(existing, placed.source) : []), signal);
    } finally {
      await pushing.deltas.catch(() => {}); // It ends by itself when the transfer is aborted, and cleans up.
    }
    return resultOf(plan, pushing.failures, pushing.transferred, started, checked);
  });
}

class Pushing {
  transferred = 0;
  readonly failures: PathFailure[] = [];
  deltas: Promise<unknown> = Promise.resolve();
  readonly #transfer: Transfer;
  readonly #exchange: Exchange;
  readonly #plan: Plan;
  readonly #roots: readonly Root[];
  readonly #root: string;
  /** What a number in a request stands for. */
  readonly #paths: string[] = [];
  #fatal: PathFailure | undefined;

  constructor(transfer: Transfer, exchange: Exchange, plan: Plan, roots: readonly Root[], root: string) {
    this.#transfer = transfer;
    this.#exchange = exchange;
    this.#plan = plan;
    this.#roots = roots;
    this.#root = root;
  }

  async run(existing: Listing, existingRoots: readonly Root[], stale: readonly { directory: string; name: string }[]): Promise<void> {
    const { progress } = this.#transfer;
    const deltas = this.#pushDeltas(existing);
    this.deltas = deltas;
    const byDelta = await deltas;
    const resumed = await this.#findResumed(existing, existingRoots);
    const inMemory = this.#exchange.limit !== Infinity;
    const large = inMemory ? this.#plan.files.filter(({ size }) => size > largestInMemory) : [];
    const files = this.#plan.files
      .filter((entry) => !large.includes(entry) && !byDelta.has(entry.path))
      .map((entry) => this.#outgoing(entry, resumed.get(entry.path)));
    progress.filesTotal = this.#plan.files.length;
    progress.bytesTotal = files.reduce((sum, { size, from }) => sum + size - (from?.length ?? 0), this.transferred);
    for (const { size, path } of large) progress.bytesTotal += size - (resumed.get(path)?.length ?? 0);
    if (byDelta.size > 0) progress.filesDone(byDelta.size, "");
    const before = (): AsyncGenerator<Buffer> => this.#before(files);
    const after = (): AsyncGenerator<Buffer> => this.#after(stale);
    if (inMemory) {
      await this.#send(before());
      for (const entry of large) if (this.#fatal === undefined) await this.#inParts(this.#outgoing(entry, resumed.get(entry.path)));
      await this.#send(after());
    } else await this.#send(joined(before, after));
    if (this.#fatal !== undefined) throw fatalError(this.#transfer, this.#fatal);
    progress.end();
  }

  /** Large files of which only the differing parts travel. @returns those that were made */
  async #pushDeltas(existing: Listing): Promise<Set<string>> {
    const done = new Set<string>();
    const files = deltaFiles(this.#transfer, this.#exchange, this.#plan.files, existing);
    if (files.length === 0) return done;
    await using rsync = await Rsync.start(this.#transfer);
    for (const entry of files) {
      const { source, follow, mode, time } = this.#outgoing(entry, undefined);
      const wanted = { root: this.#root, path: entry.path, size: entry.size, mode, time };
      // What went wrong, copying all of it will say, if it is of any weight.
      if (!(await rsync.push(this.#exchange, source, follow, wanted))) break;
      this.#transfer.progress.add(rsync.carried - this.transferred);
      this.transferred = rsync.carried;
      done.add(entry.path);
    }
    return done;
  }

  #outgoing(entry: Entry, from: Resumed | undefined): Outgoing {
    const { modes, times } = this.#transfer.options;
    const { path, follow } = sourceOf(entry, this.#roots);
    return {
      number: this.#number(entry.path),
      path: entry.path,
      source: path,
      follow,
      size: entry.size,
      growing: this.#transfer.options.growing,
      mode: modes ? entry.mode : null,
      time: times ? entry.time : null,
      ...(from === undefined ? {} : { from }),
    };
  }

  #number(path: string): number {
    return this.#paths.push(path) - 1;
  }

  async *#before(files: readonly Outgoing[]): AsyncGenerator<Buffer> {
    const { signal, progress, options } = this.#transfer;
    const { conflicts, directories } = this.#plan;
    yield* this.#actions([
      ...conflicts.map((entry) => this.#deletion(entry)),
      ...directories.map(({ path }) => [path, "mkdir", [path, options.modes ? 0 : null]] as const),
    ]);
    yield* sendFrames(files, {
      signal,
      stopped: () => this.#fatal !== undefined,
      sent: (bytes) => {
        this.transferred += bytes;
        progress.add(bytes);
      },
      failed: (failure) => this.failures.push(failure),
    });
  }

  async *#after(stale: readonly { directory: string; name: string }[]): AsyncGenerator<Buffer> {
    const { links, deletions, updates } = this.#plan;
    const { times } = this.#transfer.options;
    yield* this.#actions([
      ...links.map(({ path, target, time }) => [path, "link", [path, target, times ? time : null]] as const),
      ...deletions.map((entry) => this.#deletion(entry)),
      ...stale.map(({ directory, name }) => [joinPath(directory, name), "sweep", [joinPath(directory, name)]] as const),
      ...updates.map(({ entry, mode, time }) => [entry.path, "meta", [entry.path, entry.type[0], mode, time]] as const),
    ]);
  }

  #deletion({ path, type }: Entry): Action {
    return [path, "delete", [path, type === "directory"]];
  }

  *#actions(actions: readonly Action[]): Generator<Buffer> {
    for (let at = 0; at < actions.length; at += actionsOfFrame) {
      const part = actions.slice(at, at + actionsOfFrame);
      yield encodeJson(
        messages.actions,
        part.map(([path, name, args]) => [this.#number(path), name, args]),
      );
    }
  }

  /**
   * One large file where requests are held in memory. Between them nothing keeps another transfer of the same file from going on from what is unfinished:
   * where it did, this one begins anew, and is gone on from no more.
   */
  async #inParts(file: Outgoing): Promise<void> {
    const known = this.failures.length;
    await this.#sendParts(file);
    for (let again = 0; again < mostAnew && this.failures.length > known; again++) {
      if (!this.failures.slice(known).every(({ errno, path }) => path === file.path && lost.includes(errno))) return;
      this.failures.splice(known);
      const { from: _, ...whole } = file;
      await this.#sendParts(whole);
    }
  }

  async #sendParts(file: Outgoing): Promise<void> {
    const { signal, progress } = this.#transfer;
    const known = this.failures.length;
    try {
      for await (const { frame, bytes } of partsOf(file, signal)) {
        await this.#request([frame]);
        if (this.failures.length > known) return;
        this.transferred += bytes;
        progress.add(bytes);
      }
    } catch (error) {
      if (error instanceof ReadFailure) this.failures.push(error.failure);
      else if (error instanceof SremoteError || signal.aborted) throw error;
      else this.failures.push(localFailure(file.path, error));
    }
  }

  /** What is unfinished on the host and holds the beginning of the file that is sent. */
  async #findResumed(existing: Listing, existingRoots: readonly Root[]): Promise<Map<string, Resumed>> {
    const found = new Map<string, Resumed>();
    if (!this.#transfer.options.resume) return found;
    const { host, signal } = this.#transfer;
    const all = candidates(this.#plan.files, existing, this.#exchange.limit);
    // By the path from the directory that everything is relative to.
    const items = all.map(({ entry, partial }) => ({
      root: 0,
      relative: joinPath(parentOf(entry.path), partial.name),
      length: partial.size,
    }));
    if (items.length === 0 || existingRoots.length === 0) return found;
    const answers = await hashOnHost(this.#exchange, [{ path: this.#root, follow: true }], items, host, true);
    for (const [index, { entry, partial }] of all.entries()) {
      const answer = answers[index]!;
      if (!("sha256" in answer) || answer.length !== partial.size) continue;
      const { path, follow } = sourceOf(entry, this.#roots);
      const handle = await openLocal(path, follow).catch(() => undefined); // Sending it will say what is wrong.
      if (handle === undefined) continue;
      try {
        const hash = await digestStart(handle, partial.size, signal);
        if (hash?.copy().digest("hex") === answer.sha256) found.set(entry.path, { name: partial.name, length: partial.size, hash });
      } finally {
        await handle.close();
      }
    }
    return found;
  }

  async #send(frames: AsyncGenerator<Buffer>): Promise<void> {
    if (this.#exchange.limit === Infinity) return await this.#request(frames);
    let held: Buffer[] = [];
    let size = 0;
    for await (const frame of frames) {
      held.push(Buffer.from(frame)); // Its place is used for the next.
      size += frame.length;
      // Not between the parts of one file.
      const { kind } = frameOf(frame);
      const within = kind === messages.file || kind === messages.data;
      if (within || size < this.#exchange.limit) continue;
      await this.#request(held);
      [held, size] = [[], 0];
    }
    if (held.length > 0) await this.#request(held);
  }

  async #request(frames: Frames): Promise<void> {
    const { createDirectories } = this.#transfer.options;
    const head = encodeJson(messages.request, { op: "receive", root: this.#root, parents: createDirectories, make: this.#plan.makeRoot });
    await this.#exchange.request(framed(head, frames, encodeJson(messages.end, {})), (frame) => this.#take(frame));
  }

  #take({ kind, payload }: Frame): void {
    const answer = kind === messages.report ? (decodeJson(payload) as { done?: unknown; failures?: unknown; fatal?: unknown }) : undefined;
    if (answer === undefined || !Array.isArray(answer.failures) || typeof answer.done !== "number") {
      throw new ProtocolError("protocol-error", "the host's answer to a push is not one", { stage: "push", host: this.#transfer.host });
    }
    for (const failure of answer.failures as unknown[]) {
      const [number, errno, message] = (Array.isArray(failure) ? failure : []) as unknown[];
      const path = typeof number === "number" ? (this.#paths[number] ?? this.#root) : this.#root;
      const told = { path, errno: String(errno).slice(0, 40), message: String(message).slice(0, 300) };
      if (answer.fatal === true) this.#fatal ??= told;
      this.failures.push(told);
    }
    const { progress } = this.#transfer;
    progress.filesDone(Math.min(answer.done, progress.filesTotal - progress.files), this.#paths[progress.files] ?? "");
  }
}

type Action = readonly [path: string, name: string, args: readonly unknown[]];

async function* joined(...parts: readonly (() => AsyncGenerator<Buffer>)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield* part();
}

async function* framed(head: Buffer, frames: Frames, last: Buffer): AsyncGenerator<Uint8Array> {
  yield head;
  yield* frames;
  yield last;
}
