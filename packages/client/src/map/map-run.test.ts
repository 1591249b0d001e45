/* Maps over lanes that fail in every way, at random times chosen by a seed. */
import { Attachments, ConnectError, OutcomeUnknownError, RemoteExecError, SremoteError } from "@sremote/protocol";
import { expect, test } from "vitest";
import { seededRandom } from "../../../../test/support/seeded-random.ts";
import type { Chunk, ItemReader } from "./chunk.ts";
import { ChunkSize, sessionChunks } from "./chunk-size.ts";
import { ItemSource } from "./item-source.ts";
import { type ChunkUsage, type Lane, UnsendableItems } from "./lane.ts";
import { type Batch, MapRun } from "./map-run.ts";

const reader: ItemReader = {
  decode: (value) => value.json,
  failure: ({ error }) => new SremoteError(error.code, error.message),
};
const none = new Attachments([]);
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

/** A host that says of each item how often it ran; `-1` is an item that cannot be sent, `-2` one that fails. */
class FakeLane implements Lane {
  readonly host: string;
  readonly width = 2;
  readonly size = new ChunkSize(undefined, sessionChunks);
  readonly #random: () => number;
  readonly #runs: number[];
  readonly #isSafe: boolean;

  constructor(host: string, random: () => number, runs: number[], isSafe: boolean) {
    this.host = host;
    this.#random = random;
    this.#runs = runs;
    this.#isSafe = isSafe;
  }

  async open(): Promise<void> {
    await turns(Math.floor(this.#random() * 20));
    if (!this.#isSafe && this.#random() < 0.1) throw new ConnectError("connect-failed", "not there");
  }

  async perform(chunk: Chunk, signal: AbortSignal): Promise<ChunkUsage> {
    const { items, first } = chunk;
    expect(chunk.decided).toBe(0);
    if (items.includes(-1)) throw new UnsendableItems(new SremoteError("unserializable-argument", "args[0]: no"));
    const fate = this.#isSafe ? 1 : this.#random();
    const until = fate > 0.5 ? items.length : Math.floor(this.#random() * (items.length + 1));
    if (fate < 0.05) throw new ConnectError("connect-failed", "gone");
    for (let at = 0; at < until;) {
      const count = Math.min(until - at, 1 + Math.floor(this.#random() * 3));
      await turns(Math.floor(this.#random() * 5));
      signal.throwIfAborted();
      const part = items.slice(at, at + count) as number[];
      for (let index = 0; index < count; index++) this.#runs[first + at + index]!++;
      // The results of the last part may be lost with the process.
      if (fate < 0.3 && at + count === until) break;
      const failures = part.flatMap((item, index) =>
        item === -2
          ? [{ item: at + index, outcome: "raised" as const, error: { code: "raised" as const, stage: "call" as const, message: "no" } }]
          : [],
      );
      chunk.take({ value: { json: part.map((item) => item * 2) }, failures }, none, reader);
      at += count;
    }
    if (fate < 0.2) {
      chunk.take({ begun: until }, none, reader);
      throw new RemoteExecError("killed", "killed", { stage: "call", outcome: "killed" });
    }
    if (fate < 0.3) throw new OutcomeUnknownError("outcome-unknown", "lost");
    return { milliseconds: items.length, bytes: 1 };
  }
}

async function all(run: MapRun): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (let batch = await run.next(); batch !== undefined; batch = await run.next()) batches.push(batch);
  return batches;
}

test.each([false, true])(
  "G49 each item has one result, in order, and runs at most once unless it may be repeated (%s)",
  async (repeats) => {
    for (let seed = 1; seed <= 150; seed++) {
      const { below } = seededRandom(seed);
      const random = (): number => below(1000) / 1000;
      const items = Array.from({ length: Math.floor(random() * 60) }, (_, index) => (random() < 0.05 ? -1 : random() < 0.1 ? -2 : index));
      const runs = items.map(() => 0);
      const lanes = [0, 1, 2].map((index) => new FakeLane(`host${index}`, random, runs, index === 2));
      const run = new MapRun({ source: new ItemSource(seed % 2 === 0 ? items : items.values()), lanes, repeats });
      const batches = await all(run);
      await run.ended;
      const seen = batches.flatMap(({ first, values, failures }) =>
        values.map((value, place) => ({ index: first + place, value, error: failures.get(place) })),
      );
      expect(
        seen.map(({ index }) => index),
        `seed ${seed}`,
      ).toEqual(items.map((_, index) => index));
      for (const { index, value, error } of seen) {
        const item = items[index]!;
        if (item === -1) expect([error?.constructor.name, runs[index]], `seed ${seed}`).toEqual(["InvalidArgumentError", 0]);
        else if (error === undefined) expect(value, `seed ${seed}`).toBe(item * 2);
        if (!repeats) expect(runs[index], `seed ${seed}`).toBeLessThanOrEqual(1);
        // What has a value ran, and so did what failed by itself.
        if (error === undefined || error.message === "no") expect(runs[index], `seed ${seed}`).toBeGreaterThan(0);
      }
    }
  },
);

test("a map whose hosts are all gone fails with the last one's error, and one that is stopped begins nothing more", async () => {
  const gone = (): Promise<never> => Promise.reject(new ConnectError("connect-failed", "gone"));
  const lane = (host: string): Lane => ({ host, width: 2, size: new ChunkSize(1, sessionChunks), open: gone, perform: gone });
  const run = new MapRun({ source: new ItemSource([1, 2, 3]), lanes: [lane("a"), lane("b")], repeats: false });
  await expect(run.next()).rejects.toThrow("gone");
  expect(run.lost.map(({ host }) => host)).toEqual(["a", "b"]);
  const runs = [0, 0, 0];
  const stopped = new MapRun({ source: new ItemSource([1, 2, 3]), lanes: [new FakeLane("c", () => 0.9, runs, true)], repeats: false });
  stopped.stop(new Error("enough"));
  await expect(stopped.next()).rejects.toThrow("enough");
  await stopped.ended;
  expect(runs).toEqual([0, 0, 0]);
});
