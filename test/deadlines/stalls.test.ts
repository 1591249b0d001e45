/*
 * Every public operation of a client, at every place where a host can stop answering: its signal and its deadline end it, with a code that says so, and the client
 * closes. Bounds are generous: a busy machine is slow, a deadline that binds nothing takes half a minute.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { RemoteClient, type RemoteIterable } from "@sremote/client";
import { openssh, ssh } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { startEmbeddedSsh } from "../../scripts/labs/embedded-ssh.ts";
import { type Proxy, startProxy } from "../../scripts/labs/proxy.ts";
import { coldPlaces, startStallingHost } from "../stubs/stalling-host.ts";
import { closesInTime, held, isWrong, type Operation, operations, settleAll, type Settled, soon, starting } from "./operations.ts";

/** How the network between this program and a host that worked is broken. */
const breaks: Record<string, (proxy: Proxy) => void> = {
  "carries nothing any more": (proxy) => proxy.blackhole(),
  "carries nothing back": (proxy) => proxy.halfOpen("to-server"),
  "is cut, and nobody can be reached": (proxy) => proxy.cut(),
};

const isCall = (name: string): boolean => ["call", "doRemoteCall", "doRemoteCall over files"].includes(name);

describe.concurrent("a host that stops answering", () => {
  test.each(coldPlaces)("at %s", async (place) => {
    await using host = await startStallingHost(place);
    const connector = ssh({
      host: "127.0.0.1",
      port: host.port,
      username: "u",
      password: "p",
      sshConfig: false,
      agent: false,
      hostKey: () => true,
    });
    const client = new RemoteClient(connector);
    const started = place === "marker" || place === "shell" ? {} : starting;
    const settled = await settleAll(client, { ...operations, ...started });
    // A host that lets us in is there, even if it does nothing for us.
    const isThere = place === "channel" || place === "exec" || place === "shell" || place === "marker";
    const isFine = ({ name, code }: Settled): boolean => name === "status" && isThere && code === "it ended";
    expect(settled.filter((each) => isWrong(each) && !isFine(each))).toEqual([]);
    // Nothing of a call was sent, whichever way it goes.
    expect(settled.filter(({ name, outcome }) => isCall(name) && outcome !== "not-run")).toEqual([]);
    expect(settled.filter(({ name }) => isCall(name))).toHaveLength(6);
    // What is under way then ends with the client.
    const under = Object.values({ ...operations, ...started }).map((each) =>
      each(client, {}).then(
        () => "ended",
        ({ code }: SremoteError) => code,
      ),
    );
    await closesInTime(client);
    expect(
      [...new Set(await Promise.all(under))].filter(
        (code) => code !== "closed" && code !== "dependency-failed" && !(isThere && code === "ended"),
      ),
    ).toEqual([]);
  });

  test.each(coldPlaces)("at %s, over the system's ssh", async (place) => {
    await using host = await startStallingHost(place);
    const client = new RemoteClient(
      openssh({
        host: "127.0.0.1",
        port: host.port,
        username: "u",
        sshConfig: false,
        sshOptions: { StrictHostKeyChecking: "no", UserKnownHostsFile: "/dev/null" },
      }),
    );
    const { doRemoteCall, exec, push, pull, status, probe } = operations;
    const settled = await settleAll(client, {
      doRemoteCall: doRemoteCall!,
      "doRemoteCall over files": operations["doRemoteCall over files"]!,
      exec: exec!,
      push: push!,
      pull: pull!,
      status: status!,
      probe: probe!,
    });
    expect(settled.filter(isWrong)).toEqual([]);
    expect(settled.filter(({ name, outcome }) => isCall(name) && outcome !== "not-run")).toEqual([]);
    await closesInTime(client);
  });

  test("in the middle of answers", async () => {
    await using server = await startEmbeddedSsh();
    await using proxy = await startProxy({ host: server.address, port: server.port });
    const to = { host: proxy.address, port: proxy.port, username: server.username, privateKey: await readFile(server.privateKeyPath) };
    const client = new RemoteClient(ssh({ ...to, sshConfig: false, agent: false, hostKey: { fingerprint: server.fingerprint } }));
    await client.getPwd();
    const size = 200_000_000;
    const answering: Record<string, Operation> = {
      "the result of a call": (own, limits) => own.doRemoteCall("builtins", "bytes", [size], limits),
      "the output of exec": (own, limits) => own.connector.exec(["head", "-c", String(size), "/dev/zero"], limits),
      "the output of a call": (own, limits) =>
        own.doRemoteCall("os", "system", [`head -c ${size} /dev/zero`], { ...limits, outputLimit: size }),
      pull: (own, limits) => own.connector.pull(process.execPath, { write: () => undefined }, limits),
    };
    // Each has begun to answer: together they need much more than goes through.
    proxy.afterBytes(3_000_000, () => proxy.blackhole(), "to-client");
    const settled = await settleAll(client, answering);
    expect(settled.filter(isWrong)).toEqual([]);
    await closesInTime(client);
  });

  test.each(Object.keys(breaks))("while calls run, where the network %s", async (name) => {
    await using server = await startEmbeddedSsh();
    await using proxy = await startProxy({ host: server.address, port: server.port });
    const connector = ssh({
      host: proxy.address,
      port: proxy.port,
      username: server.username,
      privateKey: await readFile(server.privateKeyPath),
      sshConfig: false,
      agent: false,
      hostKey: { fingerprint: server.fingerprint },
    });
    const client = new RemoteClient(connector);
    const object = (await client.doRemoteCall("collections", "Counter", ["aab"], { returns: "object" })).value;
    const items = (await client.doRemoteCall<RemoteIterable>("os", "walk", ["/"], { timeout: 30_000 })).value;
    const sleeping: Operation = (own, limits) => own.doRemoteCall("time", "sleep", [60], limits);
    // Without a deadline, the heartbeat and the lease bound it.
    const silent = new RemoteClient(connector, { heartbeatInterval: 200, resumeTimeout: 1000 });
    const idle = silent.call("time", "sleep", [60], { idleTimeout: 60_000 });
    idle.catch(() => undefined);
    await silent.getPwd();
    const cut = delay(soon / 2).then(() => breaks[name]!(proxy));
    const running = settleAll(client, { "a call that runs": sleeping });
    await cut;
    const { "the next item of a generator": next, ...others } = held({ object, items });
    const settled = (await Promise.all([running, settleAll(client, { ...operations, ...starting, ...others })])).flat();
    // Where nobody can be reached, what needs a new connection says so before its deadline.
    const refused = name.startsWith("is cut") ? ["connect-refused", "connect-failed", "connection-lost", "outcome-unknown"] : [];
    expect(settled.filter((each) => isWrong(each) && !refused.includes(each.code))).toEqual([]);
    // They were on their way or on the host: nobody here can know.
    expect(
      settled.filter((each) => each.name === "a call that runs" && each.outcome !== (each.limit === "signal" ? "cancelled" : "unknown")),
    ).toEqual([]);
    await expect(idle).rejects.toMatchObject({ code: "outcome-unknown" });
    await closesInTime(client);
    await closesInTime(silent);
    await expect(next!(client, {})).rejects.toThrow(SremoteError);
  });
});
