/* Maps over many hosts, over real sshd. */
import { type Connector, ssh } from "@sremote/connectors";
import { ConnectError } from "@sremote/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ManyHosts, startManyHosts } from "../../../../scripts/labs/many-hosts.ts";
import { hostPath } from "../../../../test/support/hosts.ts";
import type { Host } from "../host/index.ts";
import type { Fleet } from "./fleet.ts";
import { fleet } from "./make-fleet.ts";

let many: ManyHosts;
let hosts: Fleet;
beforeAll(async () => {
  many = await startManyHosts({ count: 3, dead: 1, config: [`SetEnv PATH=${hostPath}`] });
  const connect = (host: Host): Connector => ssh({ ...host.sshOptions(), knownHosts: many.knownHosts, sshConfig: false });
  hosts = fleet(many.hosts, { connect, logLevel: "silent", retries: 0 });
});
afterAll(async () => {
  await hosts?.close();
  await many?.[Symbol.asyncDispose]();
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test("G49 hosts take items as they get free, in order of the items; one that is not there costs none", async () => {
  const naps = hosts.map<null>(
    "time",
    "sleep",
    numbers(60).map(() => 0.02),
    { settled: true, chunkSize: 1, concurrency: 2 },
  );
  const results = await naps;
  expect(results.map(({ index, status }) => [index, status])).toEqual(numbers(60).map((index) => [index, "fulfilled"]));
  expect(new Set(results.map(({ host }) => host))).toEqual(new Set(hosts.only("node*").hosts.names));
  expect(naps.lostHosts).toEqual([{ host: "dead1", error: expect.any(ConnectError) }]);
});

test("a fleet of which no host is there says why", async () => {
  await expect(hosts.only("dead1").map("math", "sqrt", [4])).rejects.toBeInstanceOf(ConnectError);
  expect(() => hosts.filter(() => false).map("math", "sqrt", [4])).toThrow("the fleet has none");
  expect(() => hosts.map("math", "sqrt", [4], { chunksize: 3 } as never)).toThrow("did you mean `chunkSize`?");
});
