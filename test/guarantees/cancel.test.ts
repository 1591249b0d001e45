import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive } from "../../scripts/labs/processes.ts";
import { until } from "../../scripts/labs/wait.ts";
import { Effects, plantEffects, type Runtime } from "../support/effects.ts";
import { mainKinds, runtimesOn, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

describe.each(mainKinds)("G14 ending a call on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeEach(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector);
    await plantEffects(host.home);
  });
  afterEach(async () => {
    await client.close();
    await host[Symbol.asyncDispose]();
  });

  const running = async (effects: Effects): Promise<{ pid: number; endpoint: number }> => {
    const [run] = await until("the function to run", async () => {
      const runs = await effects.runs();
      return runs.length > 0 && runs;
    });
    return run!;
  };
  const gone = (pid: number): Promise<unknown> => until(`process ${pid} to end`, () => !isAlive(pid));

  /** Over files everything of the call is gone; a session lives on, and so does a Python process of it, which can be told to leave a function. */
  async function ended(run: { pid: number; endpoint: number }, runtime: Runtime): Promise<void> {
    if (kind.carriage !== "session") await gone(run.endpoint);
    if (kind.carriage !== "session" || runtime === "node") await gone(run.pid);
    // The next call does not wait for the one that sleeps for ten minutes, though it is given to the same process.
    const next = new Effects(host.home);
    expect((await next.call(client, runtime, "next")).value).toBe("next");
    const [after] = await next.runs();
    expect(after!.pid === run.pid).toBe(kind.carriage === "session" && runtime === "python");
    await client.close();
    await gone(run.endpoint);
    await gone(run.pid);
  }

  test.each(runtimesOn(kind))("G14 aborting ends the function on the host, in %s", async (runtime) => {
    const effects = new Effects(host.home);
    const control = new AbortController();
    const call = rejection(effects.call(client, runtime, 0, { signal: control.signal }, 600), RemoteExecError);
    const run = await running(effects);
    const reason = new Error("enough");
    control.abort(reason);
    expect(await call).toMatchObject({ code: "cancelled", outcome: "cancelled", cause: reason });
    await ended(run, runtime);
  });

  test.each(runtimesOn(kind))("G14 a timeout ends the function on the host, in %s", async (runtime) => {
    // On a busy machine a second may be over before the function runs: then once more with a longer one.
    for (const timeout of [1000, 5000, 25_000]) {
      const effects = new Effects(host.home);
      const error = await rejection(effects.call(client, runtime, 0, { timeout }, 600), RemoteExecError);
      // So busy that over three functions the host could not say in time what became of it.
      if (error.outcome === "unknown") continue;
      // It counts from the call: on a connection that took longer, nothing was sent.
      expect(error).toMatchObject({ code: "timeout", outcome: error.outcome === "not-run" ? "not-run" : "timeout" });
      const [run] = await effects.runs();
      if (run === undefined) continue;
      await ended(run, runtime);
      return;
    }
    expect.unreachable("the function never ran before its timeout");
  });

  test("G14 a signal that is aborted already sends nothing", async () => {
    const effects = new Effects(host.home);
    const error = await rejection(effects.call(client, "python", 0, { signal: AbortSignal.abort() }), RemoteExecError);
    expect(error.code).toBe("cancelled");
    expect(await effects.runs()).toEqual([]);
  });
});
