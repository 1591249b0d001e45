/* The faults of a link, and how long each lasts. */
import { setTimeout as pause } from "node:timers/promises";
import type { Direction, Proxy } from "../../scripts/labs/proxy.ts";
import { until } from "../../scripts/labs/wait.ts";
import { heartbeat } from "./fault-bench.ts";

export interface Fault {
  readonly name: string;
  /** @param direction where the bytes flow that are to be hurt */
  begin(proxy: Proxy, direction: Direction): void;
  /** Resolves when the fault has lasted long enough. Absent: it has no end of its own, and what it is done to goes on. */
  lasts?(proxy: Proxy, hasSettled: () => boolean): Promise<void>;
}

/** Longer than both sides need to notice the silence: three heartbeats the client, four the host. */
const silence = async (): Promise<void> => {
  await pause(5 * heartbeat);
};

export const faults: readonly Fault[] = [
  {
    name: "cut",
    begin: (proxy) => proxy.cut(),
    // Until somebody has tried to come back, and was refused.
    lasts: async (proxy, hasSettled) => {
      const before = proxy.accepted;
      await until("the client to try again", () => hasSettled() || proxy.accepted > before, 20_000);
    },
  },
  { name: "blackhole", begin: (proxy) => proxy.blackhole(), lasts: silence },
  { name: "half-open, without answers", begin: (proxy) => proxy.halfOpen("to-server"), lasts: silence },
  { name: "half-open, without questions", begin: (proxy) => proxy.halfOpen("to-client"), lasts: silence },
  { name: "delay", begin: (proxy) => proxy.setDelay(120) },
  { name: "bit flip", begin: (proxy, direction) => proxy.flipBit(direction, 0, 5) },
  { name: "slow reader", begin: (proxy) => proxy.slow(20_000), lasts: silence },
];

/** One fault at one moment. */
export class Strike {
  /** How often it struck: to be 1 at the end. */
  count = 0;
  /** Resolves when the link is whole again, or when the fault has no end of its own. */
  readonly over: Promise<void>;
  /** The call, or what else the case is about, has ended. */
  hasSettled = false;
  readonly now: () => void;

  constructor(proxy: Proxy, fault: Fault, direction: Direction) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.over = promise;
    promise.catch(() => undefined); // who waits for it hears of it
    this.now = () => {
      this.count += 1;
      const lasting = fault.lasts?.(proxy, () => this.hasSettled);
      fault.begin(proxy, direction);
      if (lasting === undefined) return resolve();
      lasting.then(() => proxy.restore()).then(resolve, reject);
    };
  }
}
