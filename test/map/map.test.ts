/* client.map: many calls of one function, whatever carries them. */
import { readdir } from "node:fs/promises";
import { type MapResult, RemoteClient, type SettledMap } from "@sremote/client";
import { local } from "@sremote/connectors";
import { InvalidArgumentError, RemoteExecError, UnserializableError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/labs/wait.ts";
import { runtimes } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";
import { MapDirectory, mapped } from "./module.ts";

let directory: MapDirectory;
beforeAll(async () => {
  directory = await MapDirectory.make();
});
afterAll(async () => {
  await directory[Symbol.asyncDispose]();
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const settled: SettledMap = { settled: true };
/** The value of each item, or the code of its failure. */
const told = (results: readonly MapResult[]): unknown[] =>
  results.map((each) => (each.status === "fulfilled" ? each.value : each.reason.code));

describe.each(runtimes.flatMap((runtime) => [[runtime, "auto"] as const, [runtime, "spool"] as const]))(
  "a map in %s over %s",
  (runtime, transport) => {
    const module = mapped[runtime];
    let client: RemoteClient;
    beforeAll(() => {
      client = new RemoteClient(local(), { runtime, transport, pwdDir: directory.path });
    });
    afterAll(async () => {
      await client.close();
    });

    test("gives all results in order, with keywords for all", async () => {
      expect(await client.map(module, "double", numbers(1000), { kwargs: { add: 1 } })).toEqual(numbers(1000).map((n) => 2 * n + 1));
    });

    test("spreads lists over the arguments, and gives nothing for nothing", async () => {
      const sums = await client.map(
        module,
        "add",
        [
          [1, 2],
          [3, 4],
        ],
        { spread: true },
      );
      expect(sums).toEqual([3, 7]);
      expect(await client.map(module, "double", [])).toEqual([]);
    });

    test("G49 one failing item costs one item", async () => {
      const items = [0, 1, 2, Symbol("no"), 4];
      const results = await client.map(module, "odd", items, { ...settled, chunkSize: 5 });
      expect(told(results)).toEqual([0, "raised", 2, "unserializable-argument", 4]);
      expect(results.map(({ index }) => index)).toEqual(numbers(5));
      const [, raised, , unsendable] = results.map((each) => (each.status === "rejected" ? each.reason : undefined));
      expect(raised).toBeInstanceOf(RemoteExecError);
      expect(raised!.message).toMatch(/mapped.*\.odd \(item 1\) raised \w+: odd: 1$/);
      expect(unsendable).toBeInstanceOf(UnserializableError);
      expect(unsendable!.message).toBe("items[3]: a symbol cannot travel");
    });

    test("rejects with the first failure, and a loop gets what came before it", async () => {
      expect((await rejection(client.map(module, "odd", [0, 1, 2]), RemoteExecError)).message).toContain("(item 1)");
      const seen: unknown[] = [];
      const loop = async (): Promise<void> => {
        for await (const each of client.map(module, "odd", [0, 2, 1, 4], { chunkSize: 4 })) seen.push(each);
      };
      await rejection(loop(), RemoteExecError);
      expect(seen).toEqual([0, 2]);
    });

    test("names a function that is not there, once", async () => {
      const error = await rejection(client.map(module, "doubel", numbers(100), settled), RemoteExecError);
      expect(error).toMatchObject({ code: "function-not-found", outcome: "not-run" });
    });

    test("G49 a process that dies costs the items that had begun; the others run elsewhere, each once", async () => {
      const place = directory.place();
      const kwargs = { place, at: [4, 13] };
      const results = await client.map(module, "die", numbers(20), { ...settled, kwargs, chunkSize: 10 });
      expect(await directory.marks(place)).toEqual(numbers(20));
      const failed = results.filter(({ status }) => status === "rejected").map(({ index }) => index);
      // Those that ran in the few milliseconds before it may be lost with it; those after it are not.
      for (const index of failed) expect([numbers(5), [10, 11, 12, 13]].flat()).toContain(index);
      expect(failed).toEqual(expect.arrayContaining([4, 13]));
      const [fourth] = results.flatMap((each) => (each.index === 4 && each.status === "rejected" ? [each.reason] : []));
      expect(fourth).toMatchObject({ code: "killed", outcome: "killed", signal: "SIGKILL" });
    });

    test("takes no more items than are read", async () => {
      let taken = 0;
      function* endless(): Generator<number> {
        for (;;) yield taken++;
      }
      const seen: unknown[] = [];
      for await (const each of client.map(module, "double", endless(), { chunkSize: 3, concurrency: 2 })) {
        seen.push(each);
        if (seen.length === 10) break;
      }
      expect(seen).toEqual(numbers(10).map((n) => 2 * n));
      // Two messages under way and two that are done, beside those that were read.
      expect(taken).toBeLessThanOrEqual(10 + 3 * 5);
    });
  },
);

describe.each(runtimes)("a map in %s over a session", (runtime) => {
  const module = mapped[runtime];
  let client: RemoteClient;
  beforeAll(() => {
    client = new RemoteClient(local(), { runtime, pwdDir: directory.path });
  });
  afterAll(async () => {
    await client.close();
  });

  test("G49 does not lose what ran before the process died", async () => {
    const kwargs = { place: directory.place(), at: [3], seconds: 0.02 };
    const results = await client.map(module, "die", numbers(6), { ...settled, kwargs, chunkSize: 6 });
    expect(told(results)).toEqual([0, 1, 2, "killed", 4, 5]);
    expect(await directory.marks(kwargs.place)).toEqual(numbers(6));
  });

  test("gives results while later items of the same message still run", async () => {
    const place = directory.place();
    for await (const each of client.map(module, "nap", numbers(3), { kwargs: { place, seconds: 0.5 }, chunkSize: 3 })) {
      expect(each).toBe(0);
      expect((await directory.marks(place)).length).toBeLessThan(3);
      break;
    }
  });

  test("prints into one output", async () => {
    const map = client.map(module, "say", numbers(20), { concurrency: 1 });
    const lines = Array.fromAsync(map.stdout);
    await map;
    expect(await lines).toEqual(numbers(20).map((n) => `item ${n}`));
  });

  test("G14 ends on the host what runs, when it is cancelled, late or left", async () => {
    for (const end of ["cancel", "signal", "timeout", "leave"] as const) {
      const place = directory.place();
      const abort = new AbortController();
      const options = {
        kwargs: { place, seconds: 60 },
        chunkSize: 5,
        concurrency: 1,
        signal: abort.signal,
        ...(end === "timeout" && { timeout: 1000 }),
      };
      const map = client.map(module, "nap", numbers(20), options);
      const ended = end === "leave" ? undefined : rejection(map, RemoteExecError);
      const loop = end === "leave" ? map[Symbol.asyncIterator]() : undefined;
      await until("an item to run", async () => (await directory.marks(place)).length === 1);
      if (end === "cancel") await map.cancel();
      if (end === "signal") abort.abort();
      await loop?.return();
      if (ended !== undefined) expect(await ended).toMatchObject({ code: end === "timeout" ? "timeout" : "cancelled" });
      // Its worker is free again, and nothing else of it began.
      await client.map(module, "double", numbers(8), { concurrency: 4, chunkSize: 1 });
      expect(await directory.marks(place)).toEqual([0]);
    }
  });

  test("takes items of an iterator as they come, and closes it", async () => {
    let isClosed = false;
    async function* slow(): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        isClosed = true;
      }
    }
    for await (const each of client.map(module, "double", slow())) if (each === 8) break;
    await until("the iterator to be closed", () => isClosed);
    const failing = (async function* fails() {
      yield 1;
      throw new TypeError("no more");
    })();
    await expect(Promise.resolve(client.map(module, "double", failing))).rejects.toThrow("no more");
  });
});

test.each(runtimes)("a session of %s leaves no file in memory, however its workers end", async (runtime) => {
  const client = new RemoteClient(local(), { runtime, pwdDir: directory.path });
  const { value: mark } = await client.doRemoteCall<string>(mapped[runtime], "own_mark");
  const own = `sremote-${mark.slice(0, mark.lastIndexOf("."))}.`;
  const left = async (): Promise<string[]> => (await readdir("/dev/shm")).filter((name) => name.startsWith(own));
  const place = directory.place();
  await client.map(mapped[runtime], "die", numbers(6), { ...settled, kwargs: { place, at: [3] }, chunkSize: 6 });
  const naps = client.map(mapped[runtime], "nap", numbers(6), { kwargs: { place, seconds: 60 } });
  naps.catch(() => undefined); // it ends with the client
  await until("an item to run", async () => (await directory.marks(place)).length > 6);
  // While items run there is one for each worker that runs some.
  expect(await left()).not.toEqual([]);
  await client.close();
  await until("the files to be gone", async () => (await left()).length === 0);
});

test("a map can be read once, and what is wrong with its options is said at once", async () => {
  await using client = new RemoteClient(local());
  const map = client.map("math", "sqrt", [1]);
  expect(await map).toEqual([1]);
  expect(await map).toEqual([1]);
  expect(() => map[Symbol.asyncIterator]()).toThrow("can be read once");
  const wrong: [options: object, text: string][] = [
    [{ chunksize: 3 }, "unknown option `chunksize`; did you mean `chunkSize`?"],
    [{ chunkSize: 0 }, "options.chunkSize must be a whole number, 1 or more, not 0"],
    [{ concurrency: 1.5 }, "options.concurrency must be a whole number, 1 or more"],
    [{ spread: 1 }, "options.spread must be true or false"],
    [{ timeout: -1 }, "options.timeout must be a positive number of milliseconds"],
    [{ returns: "object" }, "unknown option `returns`"],
  ];
  for (const [options, text] of wrong) expect(() => client.map("math", "sqrt", [1], options)).toThrow(text);
  for (const items of ["abc", 3, null, {}]) {
    expect(() => client.map("math", "sqrt", items as never)).toThrow(InvalidArgumentError);
  }
});
