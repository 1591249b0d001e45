/* A host on which everything stands still, as one that swaps or whose machine is paused: the connection stands, and the endpoint says nothing. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient, type RemoteIterable } from "@sremote/client";
import { local } from "@sremote/connectors";
import { describe, expect, test } from "vitest";
import { closesInTime, held, isWrong, type Operation, operations, settleAll } from "./operations.ts";

/** Milliseconds for what waits for the host's word, which it does not give: five seconds by design. */
const word = 9000;

async function tookAtMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work;
  expect(performance.now() - begun).toBeLessThan(milliseconds);
}

describe.concurrent("a host that stands still", () => {
  test("before the session's first word: nothing ran", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-frozen-"));
    const interpreter = join(directory, "interpreter");
    await writeFile(interpreter, "#!/bin/sh\nexec sleep 600\n");
    await chmod(interpreter, 0o755);
    const client = new RemoteClient(local(), { python: interpreter, node: interpreter });
    // What asks the host's own shell, or its connector alone, is not held up.
    const { probe: _, exec: __, push: ___, pull: ____, status: _____, doSelfDiscovery: ______, ...own } = operations;
    const settled = await settleAll(client, own);
    expect(settled.filter(isWrong)).toEqual([]);
    expect(settled.filter(({ name, outcome }) => name === "call" && outcome !== "not-run")).toEqual([]);
    await closesInTime(client);
    await rm(directory, { recursive: true });
  });

  test("while calls run: limits bind, and so do release, return and cancel, which wait for its word", async () => {
    const client = new RemoteClient(local());
    const supervisor = (await client.doRemoteCall<number>("os", "getppid")).value;
    const object = (await client.doRemoteCall("collections", "Counter", ["aab"], { returns: "object" })).value;
    const [unlimited, items] = await Promise.all(
      [{}, { timeout: 60_000 }].map(async (options) => (await client.doRemoteCall<RemoteIterable>("os", "walk", ["/"], options)).value),
    );
    const running = client.call("time", "sleep", [60]);
    running.catch(() => undefined);
    await running.stdout.passedOn();
    process.kill(supervisor, "SIGSTOP");
    try {
      const { "the next item of a generator": ____, ...others } = held({ object, items: items! });
      const sleeping: Operation = (own, limits) => own.doRemoteCall("time", "sleep", [60], limits);
      const settling = settleAll(client, {
        ...others,
        call: operations["call"]!,
        "the output of a call": operations["the output of a call"]!,
        sleeping,
      });
      await Promise.all([tookAtMost(word, running.cancel()), tookAtMost(word, object.release()), tookAtMost(word, unlimited!.return())]);
      expect((await settling).filter(isWrong)).toEqual([]);
      await expect(running).rejects.toMatchObject({ code: "cancelled", outcome: "cancelled" });
      await closesInTime(client);
    } finally {
      try {
        process.kill(supervisor, "SIGCONT");
      } catch {
        // Closing has ended it.
      }
    }
  });
});
