/*
 * A user of a client who does legal things in any order and at the same time, against a simple model of what each must give. fast-check makes the
 * users and shrinks one that fails to the fewest steps; SREMOTE_SEED repeats one, SREMOTE_RUNS makes more of them (the nightly run does).
 */
import * as fc from "fast-check";
import { memory } from "@sremote/connectors/testing";
import { type Call, RemoteClient, type RemoteObject } from "@sremote/client";
import { expect, test } from "vitest";
import { hostProcesses } from "../support/leftovers.ts";

const runs = Number(process.env["SREMOTE_RUNS"] ?? 6);
const seed = Number(process.env["SREMOTE_SEED"] ?? 20_261_129);

/** What the user knows: each object counts letters, each named worker holds its number of calls. */
interface Model {
  counters: Map<string, number>[];
}

/** What the user holds. */
interface Real {
  client: RemoteClient;
  counters: RemoteObject[];
  /** Checked when the user is done: calls that nobody waited for. */
  pending: Promise<void>[];
}

type Step = fc.AsyncCommand<Model, Real>;

/** A step that needs nothing of what was before. */
function step(name: string, work: (real: Real, model: Model) => Promise<void>, can: (model: Model) => boolean = () => true): Step {
  return { check: can, run: (model, real) => work(real, model), toString: () => name };
}

/** The code of the error that a call ends with. */
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "value",
    (error: unknown) => (error as { code?: unknown }).code,
  );

const worker = fc.constantFrom("a", "b", undefined);
const letters = fc.array(fc.constantFrom("x", "y", "z"), { maxLength: 5 });

const steps: fc.Arbitrary<Step>[] = [
  fc.tuple(fc.array(fc.integer(), { maxLength: 4 }), worker).map(([numbers, name]) =>
    step(`sum ${numbers.join("+")} in ${name}`, async ({ client }) => {
      const wanted = numbers.reduce((sum, each) => sum + each, 0);
      expect((await client.call("builtins", "sum", [numbers], { workerName: name })).value).toBe(wanted);
    }),
  ),
  fc.integer({ min: 2, max: 12 }).map((count) =>
    step(`${count} calls at once, in order`, async ({ client }) => {
      const calls = Array.from({ length: count }, (_, index) => client.call("builtins", "str", [index]));
      expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(calls.map((_, index) => String(index)));
    }),
  ),
  fc.string({ maxLength: 20 }).map((text) =>
    step(
      `print ${JSON.stringify(text)}`,
      async ({ client }) => {
        const { stdout } = await client.call("builtins", "print", [text]);
        expect(stdout).toBe(`${text.toWellFormed()}\n`);
      },
      () => text.isWellFormed(),
    ),
  ),
  worker.map((name) =>
    step(`an error in ${name}`, async ({ client }) => {
      expect(await codeOf(client.call("json", "loads", ["{"], { workerName: name }))).toBe("raised");
    }),
  ),
  worker.map((name) =>
    step(
      `a process that exits in ${name}`,
      async ({ client }) => {
        expect(await codeOf(client.call("os", "_exit", [3], { isolation: name === undefined ? "call" : "worker", workerName: name }))).toBe(
          "exited",
        );
      },
      ({ counters }) => counters.length === 0,
    ),
  ),
  fc.integer({ min: 1, max: 30 }).map((wait) =>
    step(`cancelled after ${wait} ms`, async ({ client }) => {
      const call = client.call("time", "sleep", [30], { signal: AbortSignal.timeout(wait) });
      expect(await codeOf(call)).toBe("cancelled");
    }),
  ),
  fc.constant(
    step("cancelled before it is sent", async ({ client }) => {
      expect(await codeOf(client.call("time", "sleep", [30], { signal: AbortSignal.abort() }))).toBe("cancelled");
    }),
  ),
  fc.integer({ min: 20, max: 60 }).map((timeout) =>
    step(`timed out after ${timeout} ms`, async ({ client }) => {
      expect(await codeOf(client.call("time", "sleep", [30], { timeout }))).toBe("timeout");
    }),
  ),
  fc.tuple(fc.nat(6), fc.nat(2)).map(([taken, prefetch]) =>
    step(`${taken} items of a generator`, async ({ client }) => {
      const items: unknown[] = [];
      if (taken > 0) {
        for await (const item of client.call("itertools", "count", [5], { prefetch }).items()) {
          items.push(item);
          if (items.length === taken) break;
        }
      }
      expect(items).toEqual(Array.from({ length: taken }, (_, index) => 5 + index));
    }),
  ),
  fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 5 }).map((numbers) =>
    step(`called back ${numbers.length - 1} times`, async ({ client }) => {
      const { value } = await client.call("functools", "reduce", [(sum: number, each: number) => sum - each, numbers]);
      expect(value).toBe(numbers.reduce((sum, each) => sum - each));
    }),
  ),
  fc.integer({ min: 1, max: 4 }).map((depth) =>
    step(`${depth} calls that depend on each other`, async ({ client }) => {
      let last: Call = client.call("builtins", "abs", [-7]);
      for (let index = 0; index < depth; index++) last = client.call("operator", "add", [last, 1]);
      expect((await last).value).toBe(7 + depth);
    }),
  ),
  fc.constant(
    step("nobody waits for a call that fails after one that it needs", async ({ client, pending }) => {
      const dependent = client.call("builtins", "len", [client.call("json", "loads", ["["])]);
      pending.push(codeOf(dependent).then((code) => expect(code).toBe("dependency-failed")));
    }),
  ),
  fc.constant(
    step(
      "an object is kept",
      async ({ client, counters }, model) => {
        const { value } = await client.call("collections", "Counter", [[]], { returns: "object" });
        counters.push(value);
        model.counters.push(new Map());
      },
      ({ counters }) => counters.length < 6,
    ),
  ),
  fc.tuple(fc.nat(), letters).map(([which, list]) =>
    step(
      `an object counts ${list.join("")}`,
      async ({ counters }, model) => {
        const index = which % counters.length;
        await counters[index]!.call("update", [list]);
        const known = model.counters[index]!;
        for (const letter of list) known.set(letter, (known.get(letter) ?? 0) + 1);
        const counted = await Promise.all(["x", "y", "z"].map((letter) => counters[index]!.item(letter)));
        expect(counted).toEqual(["x", "y", "z"].map((letter) => known.get(letter) ?? 0));
      },
      ({ counters }) => counters.length > 0,
    ),
  ),
  fc.nat().map((which) =>
    step(
      "an object is released",
      async ({ counters }, model) => {
        const index = which % counters.length;
        const [counter] = counters.splice(index, 1);
        model.counters.splice(index, 1);
        await counter![Symbol.asyncDispose]();
        expect(await codeOf(counter!.item("x"))).toBe("object-lost");
      },
      ({ counters }) => counters.length > 0,
    ),
  ),
  fc.uint8Array({ maxLength: 2000 }).map((bytes) =>
    step(`${bytes.length} bytes there and back, while their buffer is filled anew`, async ({ client }) => {
      const wanted = bytes.slice();
      const call = client.call("builtins", "bytes", [bytes]);
      bytes.fill(0);
      expect((await call).value).toEqual(wanted);
      bytes.set(wanted);
    }),
  ),
];

test(
  "whatever a user of a client does, in whatever order, each call gives what it must, and nothing is left",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 25 }), async (commands) => {
        const host = memory();
        const client = new RemoteClient(host, { workers: 2 });
        const real: Real = { client, counters: [], pending: [] };
        try {
          await fc.asyncModelRun(() => ({ model: { counters: [] }, real }), commands);
          await Promise.all(real.pending);
          expect(await codeOf(Promise.all(real.counters.map((counter) => counter[Symbol.asyncDispose]())))).toBe("value");
        } finally {
          await client.close();
        }
        expect(await hostProcesses(host.directory)).toEqual([]);
        await host.close();
      }),
      { numRuns: runs, seed, endOnFailure: false, interruptAfterTimeLimit: runs > 100 ? 1_200_000 : 45_000, markInterruptAsFailure: false },
    );
  },
  runs > 100 ? 1_300_000 : 120_000,
);
