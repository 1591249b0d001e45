/* fleet.map when a host is lost in the middle: G49. */
import { type Connector, local } from "@sremote/connectors";
import { type Fleet, fleet, type Host } from "@sremote/fleet";
import { ConnectError, OutcomeUnknownError } from "@sremote/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signalEach } from "../../scripts/labs/processes.ts";
import { MapDirectory, removeLeft } from "./module.ts";

let directory: MapDirectory;
beforeAll(async () => {
  directory = await MapDirectory.make();
});
afterAll(async () => {
  await removeLeft(process.getuid!());
  await directory[Symbol.asyncDispose]();
});

const items = Array.from({ length: 16 }, (_, index) => index);

/** Two hosts; `lose` takes the first away, in the middle of what it does. */
function twoHosts(): { hosts: Fleet; lose: () => Promise<void> } {
  let isLost = false;
  const connect = ({ name }: Host): Connector => {
    const connector = local({ cwd: directory.path });
    const spawn = connector.spawn!.bind(connector);
    connector.spawn = (...how) =>
      isLost && name === "a" ? Promise.reject(new ConnectError("connect-failed", "the host is gone")) : spawn(...how);
    return connector;
  };
  const hosts = fleet("a,b", { connect, logLevel: "silent", client: { workers: 1, resumeTimeout: 1000, heartbeatInterval: 200 } });
  return {
    hosts,
    lose: async () => {
      const { jobs } = await hosts.at("a").call<number>("os", "getppid");
      isLost = true;
      signalEach([jobs[0]!.value!], "SIGKILL");
    },
  };
}

test.each([false, true])("G49 items of a lost host that had not begun run elsewhere; with repeat %s", async (repeat) => {
  const { hosts, lose } = twoHosts();
  await using all = hosts;
  const place = directory.place();
  const options = { settled: true, repeat, kwargs: { place, seconds: 0.1 }, cwd: directory.path, chunkSize: 2, concurrency: 1 } as const;
  const map = all.map<number>("mapped", "nap", items, options);
  const results = [];
  let losing: Promise<void> | undefined;
  for await (const each of map) {
    results.push(each);
    losing ??= lose();
  }
  await losing;
  expect(results.map(({ index }) => index)).toEqual(items);
  expect(map.lostHosts).toMatchObject([{ host: "a" }]);
  const failed = results.flatMap((each) => (each.status === "rejected" ? [each] : []));
  const marks = await directory.marks(place);
  if (repeat) {
    expect(failed).toEqual([]);
    expect([...new Set(marks)]).toEqual(items);
    return;
  }
  // A message of two, of which one had begun.
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.length).toBeLessThanOrEqual(2);
  for (const { host, reason } of failed) expect([host, reason]).toEqual(["a", expect.any(OutcomeUnknownError)]);
  expect(marks).toEqual([...new Set(marks)]);
  for (const each of results) if (each.status === "fulfilled") expect(marks).toContain(each.index);
});
