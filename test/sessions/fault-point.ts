/* The moments of a call's life at which a fault strikes, each found by what has happened, not by time. */
import type { RemoteIterable } from "@sremote/client";
import { expect } from "vitest";
import type { Direction } from "../../scripts/labs/proxy.ts";
import { until } from "../../scripts/labs/wait.ts";
import type { Bench } from "./fault-bench.ts";
import type { Strike } from "./fault.ts";

/** Bytes that a connection carries until certain moments, measured once for each runtime on an undisturbed one. */
export interface Marks {
  /** To the client, until it is authenticated, and perhaps has been told the server's other keys. */
  authenticated: number;
  /** To the server, until `hello` has gone out. */
  hello: number;
  /** To the client, until `welcome` is complete. */
  welcome: number;
}

export interface Point {
  readonly name: string;
  /** Where bytes flow at that moment. */
  readonly direction: Direction;
  /** Nothing has reached the host's workers: what fails may be reported instead of repaired. */
  readonly before?: true;
  /** Does what the case is about and strikes on the way. Resolves with what is to be {@link value}. */
  act(bench: Bench, strike: Strike, marks: Marks): Promise<unknown>;
  readonly value: unknown;
  /** How often the function runs when all goes well; default 1. */
  readonly effects?: number;
}

const large = 3 * 1024 * 1024;
const pattern = Uint8Array.from({ length: large }, (_, index) => index % 256);

function plain({ client, module, place }: Bench, value: unknown = "fine"): Promise<unknown> {
  return client.call(module, "plain", [place, value]).value;
}

/** The session is there and idle. */
async function warm({ client, runtime }: Bench): Promise<void> {
  if (runtime === "python") await client.doRemoteCall("os", "getpid");
  else await client.doRemoteCall("node:os", "hostname");
}

/** Strikes when so many bytes have passed from now on. */
function after(bench: Bench, bytes: number, direction: Direction, strike: Strike): void {
  bench.proxy.afterBytes(bytes, strike.now, direction);
}

export const points: readonly Point[] = [
  {
    name: "before connecting",
    direction: "to-client",
    before: true,
    act: (bench, strike) => {
      strike.now();
      return plain(bench);
    },
    value: "fine",
  },
  {
    name: "in the handshake",
    direction: "to-client",
    before: true,
    act: (bench, strike) => {
      after(bench, 600, "to-client", strike);
      return plain(bench);
    },
    value: "fine",
  },
  {
    name: "at authentication",
    direction: "to-client",
    before: true,
    act: (bench, strike, marks) => {
      after(bench, marks.authenticated - 300, "to-client", strike);
      return plain(bench);
    },
    value: "fine",
  },
  {
    name: "at the channel's opening",
    direction: "to-server",
    before: true,
    act: async (bench, strike) => {
      await bench.client.status();
      after(bench, 1, "to-server", strike);
      return await plain(bench);
    },
    value: "fine",
  },
  {
    name: "within the payload",
    direction: "to-server",
    before: true,
    act: async (bench, strike) => {
      await bench.client.status();
      after(bench, 20_000, "to-server", strike);
      return await plain(bench);
    },
    value: "fine",
  },
  {
    name: "between hello and welcome",
    direction: "to-client",
    before: true,
    act: (bench, strike, marks) => {
      after(bench, marks.hello, "to-server", strike);
      return plain(bench);
    },
    value: "fine",
  },
  {
    name: "within welcome",
    direction: "to-client",
    before: true,
    act: (bench, strike, marks) => {
      after(bench, marks.welcome - 100, "to-client", strike);
      return plain(bench);
    },
    value: "fine",
  },
  {
    name: "before a call on an idle session",
    direction: "to-server",
    act: async (bench, strike) => {
      await warm(bench);
      strike.now();
      return await plain(bench);
    },
    value: "fine",
  },
  {
    name: "within a large request",
    direction: "to-server",
    act: async (bench, strike) => {
      await warm(bench);
      after(bench, 1_000_000, "to-server", strike);
      return await bench.client.call(bench.module, "size", [bench.place, pattern]).value;
    },
    value: large,
  },
  {
    name: "after the request, before the function begins",
    direction: "to-server",
    act: async (bench, strike) => {
      await warm(bench);
      // The only worker is busy, so that the call waits on the host.
      const first = bench.client.call(bench.module, "held", [bench.place]);
      await bench.running();
      const sent = Promise.withResolvers<void>();
      bench.proxy.afterBytes(100, sent.resolve, "to-server");
      const second = plain(bench);
      await sent.promise;
      strike.now();
      await strike.over;
      await bench.go();
      const value = await second;
      await first;
      return value;
    },
    value: "fine",
    effects: 2,
  },
  {
    name: "while the function runs and prints",
    direction: "to-client",
    act: async (bench, strike) => {
      const call = bench.client.call<number>(bench.module, "prints", [bench.place]);
      call.catch(() => undefined); // also met below
      await bench.running();
      strike.now();
      await strike.over;
      await bench.go();
      const { value, stdout } = await call;
      const lines = Array.from({ length: value }, (_, index) => `line ${index}\n`);
      expect(stdout).toBe(lines.join(""));
      return value >= 3;
    },
    value: true,
  },
  {
    name: "within a large result",
    direction: "to-client",
    act: async (bench, strike) => {
      await warm(bench);
      after(bench, 1_000_000, "to-client", strike);
      const { value } = await bench.client.call<Uint8Array>(bench.module, "make", [bench.place, large]);
      return Buffer.compare(value, pattern);
    },
    value: 0,
  },
  {
    name: "when the result is on its way",
    direction: "to-client",
    act: async (bench, strike) => {
      const call = bench.client.call(bench.module, "held", [bench.place, "fine"]);
      call.catch(() => undefined); // also met below
      await bench.running();
      after(bench, 1, "to-client", strike);
      await bench.go();
      return (await call).value;
    },
    value: "fine",
  },
  {
    name: "after the result, before it is acknowledged",
    direction: "to-server",
    act: async (bench, strike) => {
      const value = await plain(bench);
      strike.now();
      // What the host sends again must not be taken for an answer to something else.
      await warm(bench);
      return value;
    },
    value: "fine",
  },
  {
    name: "between two items of a generator",
    direction: "to-client",
    act: async (bench, strike) => {
      const seen: unknown[] = [];
      const { value } = await bench.client.call<RemoteIterable<number>>(bench.module, "items", [bench.place, 4]);
      for await (const item of value) {
        seen.push(item);
        if (item === 1) strike.now();
      }
      return seen;
    },
    value: [0, 1, 2, 3],
  },
  {
    name: "while a callback is pending",
    direction: "to-server",
    act: async (bench, strike) => {
      let asked = 0;
      const callback = async (given: number): Promise<number> => {
        asked += 1;
        strike.now();
        await strike.over;
        return given * 2;
      };
      const { value } = await bench.client.call(bench.module, "asks", [bench.place, callback]);
      return [value, asked];
    },
    value: [41, 1],
  },
  {
    name: "while an object is used",
    direction: "to-client",
    act: async (bench, strike) => {
      const { value: thing } = await bench.client.call(bench.module, "thing", [], { returns: "object" });
      const use = thing.call("use", [bench.place]);
      use.catch(() => undefined); // also met below
      await bench.running();
      strike.now();
      await strike.over;
      await bench.go();
      return [(await use).value, await thing.get("uses")];
    },
    value: [1, 1],
  },
  {
    name: "during a resume",
    direction: "to-client",
    act: async (bench, strike) => {
      const call = bench.client.call(bench.module, "held", [bench.place, "fine"]);
      call.catch(() => undefined); // also met below
      await bench.running();
      const { proxy } = bench;
      const before = proxy.accepted;
      proxy.cut();
      await until("the client to come back", () => proxy.accepted > before);
      proxy.restore();
      // Of the new connection: within its handshake or what follows.
      after(bench, 1500, "to-client", strike);
      await until("the fault to strike", () => strike.count > 0);
      await strike.over;
      await bench.go();
      return (await call).value;
    },
    value: "fine",
  },
];
