import { RemoteClient } from "@sremote/client";
import type { Connector } from "@sremote/connectors";
import { TransferError } from "@sremote/protocol";
import { afterEach, expect, test, vi } from "vitest";
import { hostKinds, runtimes } from "../support/hosts.ts";
import { Effects, plantEffects } from "../support/effects.ts";

afterEach(() => vi.useRealTimers());

/** A network filesystem's attribute cache: what was not there when first looked at is not there for so long. */
function lateBy(milliseconds: number, inner: Connector): { connector: Connector; looks: number[] } {
  const looks: number[] = [];
  const connector: Connector = {
    label: inner.label,
    acceptsStdin: false,
    exec: (command, options) => inner.exec(command, options),
    push: (source, path, options) => inner.push(source, path, options),
    pull: async (path, sink, options) => {
      looks.push(performance.now());
      if (performance.now() - looks[0]! < milliseconds)
        throw new TransferError("no-such-file", `${path} does not exist`, { host: inner.label });
      await inner.pull(path, sink, options);
    },
    status: (options) => inner.status(options),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
  return { connector, looks };
}

test.each(runtimes)("G38 a reply that becomes visible 60 s late is delivered, and the function ran once, in %s", async (runtime) => {
  await using host = await hostKinds.find(({ name }) => name === "three functions")!.start();
  await plantEffects(host.home);
  const effects = new Effects(host.home);
  const { connector, looks } = lateBy(60_000, host.connector);
  await using client = new RemoteClient(connector, { runtime });
  // The client's clock runs five hundred times as fast as the host's while it waits for the reply.
  const hasten = setInterval(() => looks.length > 0 && vi.advanceTimersByTime(5000), 10);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"], shouldAdvanceTime: true });
  try {
    expect((await effects.call(client, runtime, "late")).value).toBe("late");
  } finally {
    clearInterval(hasten);
    vi.useRealTimers();
  }
  expect(looks.at(-1)! - looks[0]!).toBeGreaterThanOrEqual(60_000);
  expect(await effects.runs()).toHaveLength(1);
});
