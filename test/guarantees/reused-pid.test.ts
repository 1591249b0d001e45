/* G33 end to end: the number of a process that ended is given to a stranger at once. Claims that tell another boot or start time are tested with the endpoints. */
import { RemoteClient } from "@sremote/client";
import { OutcomeUnknownError, RemoteExecError } from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/labs/wait.ts";
import { Effects, newId, plantEffects } from "../support/effects.ts";
import { hostKinds, runtimes, stopSshd } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";
import { takePid } from "../support/taken-pid.ts";

afterAll(stopSshd);

const local = hostKinds.find(({ name }) => name === "local")!;

async function running(effects: Effects): Promise<{ pid: number; endpoint: number }> {
  const [run] = await until("the function to run", async () => {
    const runs = await effects.runs();
    return runs.length > 0 && runs;
  });
  return run!;
}

describe.each(runtimes)("G33 a number that a stranger has now, in %s", (runtime) => {
  test("G33 of a worker: it is not signalled by what happens to later calls, nor when the session ends", async () => {
    await using host = await local.start();
    await plantEffects(host.home);
    const client = new RemoteClient(host.connector, { runtime, workers: 1 });
    const effects = new Effects(host.home);
    const call = rejection(effects.call(client, runtime, 1, {}, 60), RemoteExecError);
    const { pid } = await running(effects);
    process.kill(pid, "SIGKILL");
    expect(await call).toMatchObject({ code: "killed", signal: "SIGKILL" });
    const stranger = await takePid(pid);
    const next = new Effects(host.home);
    expect((await next.call(client, runtime, 2)).value).toBe(2);
    expect((await next.runs())[0]!.pid).not.toBe(pid);
    expect(await rejection(next.call(client, runtime, 3, { timeout: 200 }, 60), RemoteExecError)).toMatchObject({ code: "timeout" });
    await client.close();
    expect(await stranger.release()).toBe("unharmed");
  });

  test("G33 of a supervisor: it is not taken for it, and not signalled when the client closes", async () => {
    await using host = await local.start();
    await plantEffects(host.home);
    const client = new RemoteClient(host.connector, { runtime, resumeTimeout: 1000, heartbeatInterval: 200 });
    const effects = new Effects(host.home);
    const call = rejection(effects.call(client, runtime, 1, {}, 60), OutcomeUnknownError);
    const { endpoint } = await running(effects);
    process.kill(endpoint, "SIGKILL");
    const stranger = await takePid(endpoint);
    expect(await call).toMatchObject({ code: "outcome-unknown" });
    expect((await new Effects(host.home).call(client, runtime, 2)).value).toBe(2);
    await client.close();
    expect(await stranger.release()).toBe("unharmed");
  });

  test("G33 of an endpoint that had claimed a call: its reply is not waited for, the outcome is unknown", async () => {
    await using host = await local.start();
    await plantEffects(host.home);
    const client = new RemoteClient(host.connector, { runtime, transport: "spool" });
    const effects = new Effects(host.home);
    const id = newId();
    const call = rejection(effects.call(client, runtime, 1, { id }, 1), OutcomeUnknownError);
    const { endpoint } = await running(effects);
    process.kill(endpoint, "SIGKILL");
    const stranger = await takePid(endpoint);
    expect(await call).toMatchObject({ code: "outcome-unknown", callId: id });
    expect(await rejection(effects.call(client, runtime, 1, { id }, 1), OutcomeUnknownError)).toMatchObject({ callId: id });
    expect(await effects.runs()).toHaveLength(1);
    await client.close();
    expect(await stranger.release()).toBe("unharmed");
  });
});
