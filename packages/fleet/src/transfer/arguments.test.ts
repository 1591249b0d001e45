import { describe, expect, test } from "vitest";
import { local } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";
import { hostSet } from "../host/index.ts";
import { hostDestinations } from "./host-destinations.ts";
import type { CopyOptions } from "./options.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";
import { sync } from "./sync.ts";

/** A host that nothing may be asked of. */
const host = { ...local(), spawn: () => Promise.reject(new Error("something was sent")) };

describe("wrong arguments are named before anything is sent", () => {
  test.each<[string, string | string[], string, unknown]>([
    ["sources", [], "/to", {}],
    ["sources", "", "/to", {}],
    ["sources", "a\0b", "/to", {}],
    ["sources", ["/a/x", "/b/x"], "/to", {}],
    ["sources", ["/a/.."], "/to", {}],
    ["sources", ["/"], "/to", {}],
    ["sources", "\ud800", "/to", {}],
    ["destination", "/from", "", {}],
    ["options", "/from", "/to", null],
    ["options.check", "/from", "/to", { check: "md5" }],
    ["options.delete", "/from", "/to", { delete: "yes" }],
    ["options.maxEntries", "/from", "/to", { maxEntries: 0 }],
    ["options.filter", "/from", "/to", { filter: "*.ts" }],
    ["options.exclude", "/from", "/to", { exclude: ["a"] }],
    ["options.timeout", "/from", "/to", { timeout: -1 }],
  ])("%s", async (name, sources, destination, options) => {
    for (const copy of [push, pull]) {
      const error: unknown = await copy(host, sources, destination, options as CopyOptions).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(String(error)).toContain(`${name}: expected`);
    }
  });

  test("a direction", async () => {
    // @ts-expect-error there is no default
    await expect(sync(host, "/a", "/b", {})).rejects.toThrow(/options\.direction/);
  });
});

test("each host has a destination of its own, or it is an error", () => {
  const hosts = hostSet("n[1-2]");
  expect(hostDestinations("out/", hosts)).toEqual(["out/n1/", "out/n2/"]);
  expect(hostDestinations("out", hostSet("n1"))).toEqual(["out.n1"]);
  expect(hostDestinations("out/", hostSet("n1"))).toEqual(["out/n1/"]);
  expect(hostDestinations("{{{host}}}.csv", hosts)).toEqual(["n1.csv", "n2.csv"]);
  expect(() => hostDestinations("{{{user}}}.csv", hostSet("me@n[1-2]"))).toThrow(InvalidArgumentError);
  expect(hostDestinations("{{rack}}/log", hosts, { lists: { rack: ["east", "west"] } })).toEqual(["east/log", "west/log"]);
  expect(hostDestinations("a\\{{b}}", hosts)).toEqual(["a{{b}}.n1", "a{{b}}.n2"]);
  for (const rack of [["east"], ["east", "./east"], ["east", "west/../east"]]) {
    expect(() => hostDestinations("{{rack}}", hosts, { lists: { rack } })).toThrow(/^destination: expected another one for each host/);
  }
  expect(() => hostDestinations("{{shelf}}", hosts, { lists: { rack: ["east"] } })).toThrow(/^destination: .*known are rack/);
});
