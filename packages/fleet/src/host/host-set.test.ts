import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../../test/support/seeded-random.ts";
import { expand } from "../node-set/index.ts";
import { Host } from "@sremote/process";
import { HostSet } from "./host-set.ts";
import { hostSet } from "./resolve-hosts.ts";

const hosts = hostSet("b,a,c,e,d");

describe("a set is made", () => {
  test.each([
    ["of a node set", "node[2-1]", undefined],
    ["of a node set", "node[08-10],x", ["node08", "node09", "node10", "x"]],
    ["of a list", ["b", "a[1-2]", { address: "10.0.0.1", name: "web" }, Host.from("z")], ["b", "a1", "a2", "web", "z"]],
    ["of one host", { address: "a" }, ["a"]],
    ["of none", [], []],
  ])("%s: %j", (_, given, names) => {
    if (names === undefined) expect(() => hostSet(given)).toThrow(/an ascending range/);
    else expect(hostSet(given).names).toEqual(names);
  });

  test("of users and ports in the node set", () => {
    expect(hostSet("me@node[1-2]:22").map(String)).toEqual(["me@node1:22", "me@node2:22"]);
    expect(hostSet("[::1]:22,[::2]:22").map(({ address }) => address)).toEqual(["::1", "::2"]);
  });

  test("of configured hosts, which wildcards match", () => {
    const set = hostSet("web*,db", { hosts: { web1: { address: "10.0.0.1", username: "admin" }, web2: {}, other: {} } });
    expect(set.map(({ name, address, username }) => [name, address, username])).toEqual([
      ["web1", "10.0.0.1", "admin"],
      ["web2", "web2", undefined],
      ["db", "db", undefined],
    ]);
    expect(() => hostSet("web", { hosts: { web: { port: -1 } } })).toThrow(/^hosts.web.port/);
    expect(hostSet("toString", { hosts: {} }).names).toEqual(["toString"]);
  });

  test("of groups", () => {
    expect(hostSet("@a!x2", { groups: new Map([["a", "x[1-3]"]]) }).names).toEqual(["x1", "x3"]);
    const groups = { a: "x[1-3]", b: ["@a", "y"] };
    expect(hostSet(["@b!x2", "y?", "x*"], { groups, known: ["y1"] }).names).toEqual(["x1", "x3", "y", "y1", "x2"]);
    expect(expand("@toString", { groups: { toString: "z" } })).toEqual(["z"]);
    expect(() => hostSet("@a", { groups: { a: "x[" } })).toThrow(/^groups.a must have/);
    expect(() => expand("@toString", { groups: {} })).toThrow(/^nodes must use known groups/);
    // @ts-expect-error a path
    expect(() => hostSet("@a", { groups: "groups.txt" })).toThrow(/^groups must be an object or a map of groups, not the path of a file/);
  });

  test("not of what is no host", () => {
    // @ts-expect-error wrong argument
    expect(() => hostSet(undefined)).toThrow(/^hosts must be a node set/);
    expect(() => hostSet("a;b")).toThrow(/^nodes must have a host name/);
    expect(() => new HostSet(["a", "-b"])).toThrow(/^hosts\[1\] must have/);
  });
});

describe("of equal hosts the first stays", () => {
  test("equal in every part", () => {
    expect(hostSet(["a", "b", "a", "me@a", "a:22", "me@a"]).map(String)).toEqual(["a", "b", "me@a", "a:22"]);
  });

  test("users are given by index before", () => {
    expect(hostSet(["a", "a"], { usernames: ["u", "v"] }).map(String)).toEqual(["u@a", "v@a"]);
    expect(hostSet(["a", "a"], { usernames: ["u", "u"] }).map(String)).toEqual(["u@a"]);
  });
});

describe("users by index", () => {
  test("each host has its own; one that says its user keeps it; null is none", () => {
    const set = hostSet("a,me@b,c", { usernames: ["u", "v", null] });
    expect(set.map(({ username }) => username)).toEqual(["u", "me", null]);
    expect(hostSet(set, { usernames: ["x", "y", "z"] }).map(({ username }) => username)).toEqual(["u", "me", null]);
  });

  test.each([[["u"]], [["u", "v", "w"]], [[]]])("%j for two hosts are refused", (usernames) => {
    expect(() => hostSet("a,b", { usernames })).toThrow(
      `usernames must be a list with a user for each of 2 hosts, not ${usernames.length}`,
    );
  });
});

describe("at", () => {
  test.each([
    [0, "b"],
    [4, "d"],
    [-1, "d"],
    [-5, "b"],
    ["c", "c"],
  ])("%j is %s", (position, name) => {
    expect(hosts.at(position).name).toBe(name);
  });

  test.each([5, -6, 0.5, NaN, "x", ""])("%j is refused", (position) => {
    expect(() => hosts.at(position)).toThrow(/^position must be/);
  });

  test("a name finds a host with a user and a port", () => {
    expect(String(hostSet("x,me@login:2222").at("login"))).toBe("me@login:2222");
  });

  test("a name that several have is refused; user@name:port says which", () => {
    const set = hostSet("u@a,v@a,b");
    expect(() => set.at("a")).toThrow(/must name one host, but "a" names 2: u@a, v@a/);
    expect(() => set.range("a", "b")).toThrow(/"a" names 2/);
    expect(set.at("v@a").username).toBe("v");
    expect(set.range("v@a", "b").map(String)).toEqual(["v@a", "b"]);
  });
});

describe("range includes both ends, slice does not", () => {
  test.each([
    [0, 2, "b a c", "b a"],
    [1, 1, "a", ""],
    ["a", "e", "a c e", "a c"],
    ["a", -1, "a c e d", "a c e"],
    [-2, "d", "e d", "e"],
    [-2, undefined, "e d", "e d"],
    [undefined, undefined, "b a c e d", "b a c e d"],
    [undefined, "a", "b a", "b"],
    [0, 5, "b a c e d", "b a c e d"],
    [0, 99, "b a c e d", "b a c e d"],
    [-99, 1, "b a", "b"],
    [5, 9, "", ""],
    [0, -99, "", ""],
    [0, -5, "b", ""],
    ["e", "a", "", ""],
  ])("%j to %j", (first, last, inclusive, halfOpen) => {
    expect(hosts.range(first, last).names.join(" ")).toBe(inclusive);
    expect(hosts.slice(first, last).names.join(" ")).toBe(halfOpen);
  });

  test("an unknown name is refused", () => {
    expect(() => hosts.range("b", "x")).toThrow(/a host of this set, not "x"/);
    expect(() => hosts.slice("x")).toThrow(/not "x"/);
  });

  test("they agree with what a list does, for all positions", () => {
    const names = hosts.names;
    for (let first = -7; first <= 7; first++) {
      for (let last = -7; last <= 7; last++) {
        expect(hosts.slice(first, last).names).toEqual(names.slice(first, last));
        const from = first < 0 ? Math.max(0, first + 5) : first;
        const to = last < 0 ? last + 5 : last;
        expect(hosts.range(first, last).names, `${first} ${last}`).toEqual(names.filter((_, index) => index >= from && index <= to));
      }
    }
  });
});

describe("sets of sets", () => {
  test("some are picked at random, each with the same chance, in their order", () => {
    const random = seededRandom(7);
    const next = (): number => random.below(2 ** 20) / 2 ** 20;
    const counts = new Map(hosts.names.map((name) => [name, 0]));
    for (let round = 0; round < 3000; round++) {
      const { names } = hosts.pick(2, next);
      expect(names).toEqual(hosts.intersect(names).names);
      expect(names).toHaveLength(2);
      for (const name of names) counts.set(name, counts.get(name)! + 1);
    }
    // 1200 each; a deviation of 5 sigma, of a binomial distribution with p = 2/5, is 134.
    for (const count of counts.values()) expect(Math.abs(count - 1200)).toBeLessThan(134);
    expect([hosts.pick(0).names, hosts.pick(5).names, hosts.pick(99).names]).toEqual([[], hosts.names, hosts.names]);
    expect(new HostSet().pick(1).length).toBe(0);
    for (const wrong of [-1, 1.5, NaN]) expect(() => hosts.pick(wrong)).toThrow(/^count must be/);
    for (const wrong of [-0.1, 1, NaN]) expect(() => hosts.pick(1, () => wrong)).toThrow(/^random must be/);
  });

  test("what is no list of hosts is refused, not taken for an empty one", () => {
    for (const wrong of [undefined, null, 5] as unknown as string[]) {
      for (const operation of ["union", "except", "intersect"] as const) {
        expect(() => hosts[operation](wrong)).toThrow(/^hosts must be a node set, or a list of hosts/);
      }
    }
  });

  test("union, except, intersect keep the order of the left", () => {
    expect(hosts.union("a,x[1-2]").names).toEqual(["b", "a", "c", "e", "d", "x1", "x2"]);
    expect(hosts.union(["z", "a"], hostSet("y,b")).names).toEqual(["b", "a", "c", "e", "d", "z", "y"]);
    expect(hosts.except(["a", "x", "me@b"]).names).toEqual(["b", "c", "e", "d"]);
    expect(hosts.intersect(["d", "a", "me@b"]).names).toEqual(["a", "d"]);
  });

  test("a string is a node set of names, of hosts of any user", () => {
    const set = hostSet("me@n[1-4],n9:22,login");
    expect(set.except("n[2-3]").map(String)).toEqual(["me@n1", "me@n4", "n9:22", "login"]);
    expect(set.intersect("n*!n9").names).toEqual(["n1", "n2", "n3", "n4"]);
    expect(set.intersect("me@n1,n9:22").names).toEqual(["n1", "n9"]);
    expect(set.except("*").length).toBe(0);
  });

  test("for random sets they obey the laws of sets", () => {
    const random = seededRandom(99);
    const some = (): HostSet => hostSet(Array.from({ length: random.below(8) }, () => `${random.pick(["", "me@"])}n${random.below(5)}`));
    for (let round = 0; round < 200; round++) {
      const [left, right] = [some(), some()];
      expect(left.union(right).length).toBe(left.length + right.except(left).length);
      expect(left.except(right).union(left.intersect(right)).length).toBe(left.length);
      expect(left.intersect(right).map(String).toSorted()).toEqual(right.intersect(left).map(String).toSorted());
      for (const host of left) expect(left.except(right).has(host)).toBe(!right.has(host));
    }
  });
});

test("a set tells its length, members, places and text", () => {
  const set = hostSet("node[1-3],me@node9");
  expect([...set].map(({ name }) => name)).toEqual(["node1", "node2", "node3", "node9"]);
  expect(set).toHaveLength(4);
  expect(set.has("node1")).toBe(true);
  expect(set.has("node9")).toBe(false);
  expect(set.indexOf(Host.from("me@node9"))).toBe(3);
  expect(set.indexOf(Host.from("node9"))).toBe(-1);
  expect(String(set)).toBe("node[1-3,9]");
});
