/* A hundred hosts, nightly two hundred, behind one sshd with its default limits. */
import { type Connector, openssh, ssh } from "@sremote/connectors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManyHosts, startManyHosts } from "../../../../scripts/labs/many-hosts.ts";
import { findProcesses } from "../../../../scripts/labs/processes.ts";
import { until } from "../../../../scripts/labs/wait.ts";
import { isNightly } from "../../../../test/support/nightly.ts";
import type { Host } from "../host/index.ts";
import { fleet } from "./make-fleet.ts";

const most = isNightly ? 200 : 100;
let many: ManyHosts;
beforeAll(async () => {
  many = await startManyHosts({ count: most, behindOne: true });
});
afterAll(() => many?.[Symbol.asyncDispose]());

// The system's ssh is a process for each host: fewer tell as much.
test.each([
  ["ssh", ssh, most],
  ["openssh", openssh, isNightly ? 60 : 24],
] as const)("G16 G34 G40 over %s to many hosts, 32 at a time: one result each, none refused, and nothing left", async (_, make, count) => {
  const connect = (host: Host): Connector => make({ ...host.sshOptions(), knownHosts: many.knownHosts, sshConfig: false });
  const before = process.getActiveResourcesInfo().length;
  const logged = (await many.lab.log()).length;
  const hosts = fleet(many.hosts.slice(0, count), { connect, concurrency: 32, logLevel: "silent" });
  const done = await hosts.run("echo {{{name}}}; exit $(( {{{index}}} % 2 * 255 ))");
  expect([String(done.unreachable), done.stats().ended]).toEqual(["", count]);
  expect(done.jobs.map(({ stdout, exitCode }) => [stdout, exitCode])).toEqual(
    Array.from({ length: count }, (__, index) => [`node${index + 1}\n`, (index % 2) * 255]),
  );
  const log = (await many.lab.log()).slice(logged);
  expect(log, "sshd has refused some, or this proves nothing").toMatch(/MaxStartups|drop connection/);
  // Again, over the connections that there are.
  expect((await hosts.run("uname")).gather()).toEqual([{ names: hosts.hosts.names, lines: ["Linux"] }]);
  await hosts.close();
  await until("nothing of the user is left", async () => (await findProcesses(({ uid }) => uid === many.account.uid)).length === 0);
  await until("no socket or timer is left", () => process.getActiveResourcesInfo().length <= before + 2);
});
