import { InvalidArgumentError } from "@sremote/protocol";
import { expect, test } from "vitest";
import { hostSet } from "../host/index.ts";
import { hostDestinations } from "./host-destinations.ts";

test("each host has a destination of its own, or it is an error", () => {
  const hosts = hostSet("n[1-2]");
  expect(hostDestinations("out/", hosts)).toEqual(["out/n1/", "out/n2/"]);
  expect(hostDestinations("out", hostSet("n1"))).toEqual(["out.n1"]);
  expect(hostDestinations("out/", hostSet("n1"))).toEqual(["out/n1/"]);
  expect(hostDestinations("{{{host}}}.csv", hosts)).toEqual(["n1.csv", "n2.csv"]);
  expect(() => hostDestinations("{{{username}}}.csv", hostSet("me@n[1-2]"))).toThrow(InvalidArgumentError);
  expect(hostDestinations("{{rack}}/log", hosts, { lists: { rack: ["east", "west"] } })).toEqual(["east/log", "west/log"]);
  expect(hostDestinations("a\\{{b}}", hosts)).toEqual(["a{{b}}.n1", "a{{b}}.n2"]);
  for (const rack of [["east"], ["east", "./east"], ["east", "west/../east"]]) {
    expect(() => hostDestinations("{{rack}}", hosts, { lists: { rack } })).toThrow(/^destination must differ for each host/);
  }
  expect(() => hostDestinations("{{shelf}}", hosts, { lists: { rack: ["east"] } })).toThrow(/^destination .*the names are rack/);
});
