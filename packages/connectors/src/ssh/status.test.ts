/* What `status()` says of a connection that stands already: whether the host still answers on it. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EmbeddedSsh, startEmbeddedSsh } from "../../../../scripts/labs/embedded-ssh.ts";
import { startDropbear, startTinyssh } from "../../../../scripts/labs/other-servers.ts";
import { type Proxy, startProxy } from "../../../../scripts/labs/proxy.ts";
import type { Connector } from "../connector.ts";
import { ssh } from "./index.ts";

let server: EmbeddedSsh;
let proxy: Proxy;
let host: Connector;
beforeEach(async () => {
  server = await startEmbeddedSsh();
  proxy = await startProxy({ host: server.address, port: server.port });
  const { username, privateKeyPath, fingerprint } = server;
  const to = { host: proxy.address, port: proxy.port, username, privateKeyPath, hostKey: { fingerprint }, sshConfig: false } as const;
  host = ssh({ ...to, connectTimeout: 1000 });
  expect((await host.exec(["true"])).exitCode).toBe(0);
});
afterEach(async () => {
  await host.close();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test("a connection on which the host answers is asked, and kept", async () => {
  const before = proxy.carriedIn("to-client");
  expect(await host.status()).toMatchObject({ ok: true });
  expect(proxy.carriedIn("to-client")).toBeGreaterThan(before);
  expect((await host.exec(["true"])).exitCode).toBe(0);
  expect(proxy.accepted).toBe(1);
});

test("one that is dead, to a host that is there, is replaced", async () => {
  proxy.strand();
  expect(await host.status()).toMatchObject({ ok: true });
  expect(proxy.accepted).toBe(2);
});

test("one to a host that is gone is not said to be fine", async () => {
  proxy.blackhole();
  expect(await host.status()).toMatchObject({ ok: false, error: { code: "connect-timeout" } });
  proxy.restore();
});

test("a deadline that passes before says how long the host has been silent", async () => {
  proxy.blackhole();
  const { ok, message, error } = await host.status({ timeout: 100 });
  expect({ ok, code: (error as { code?: string }).code }).toEqual({ ok: false, code: "timeout" });
  expect(message).toMatch(/deadline of 100 ms passed; it waited for a sign of life from the host, which has sent nothing for \d+\.\d s$/);
  proxy.restore();
});

test.each([startDropbear, startTinyssh])("%o answers the question", async (start) => {
  await using other = await start();
  const { address, port, username, privateKeyPath, knownHosts } = other;
  await using connector = ssh({ host: address, port, username, privateKeyPath, knownHosts, sshConfig: false });
  expect(await connector.status()).toMatchObject({ ok: true });
  const begun = performance.now();
  expect(await connector.status()).toMatchObject({ ok: true });
  // Without an answer, another connection would be made after two seconds.
  expect(performance.now() - begun).toBeLessThan(2000);
  expect((await connector.exec(["true"])).exitCode).toBe(0);
});
