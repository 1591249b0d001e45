import { InvalidArgumentError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { expand } from "./expand.ts";

const groups = new Map([
  ["rack1", "node[1-4]"],
  ["rack2", "node[5-8]"],
  ["hall", "@rack1 @rack2"],
  ["odd", "@hall!node[2-8/2]"],
  ["gpu", "gpu[1-2]"],
  ["empty", ""],
  ["rest", "@*!@gpu"],
]);
const names = (text: string): string[] => (text === "" ? [] : text.split(" "));

describe("ranges", () => {
  test.each([
    ["node", "node"],
    ["node[1-3]", "node1 node2 node3"],
    ["node[08-11]", "node08 node09 node10 node11"],
    ["node[098-101]", "node098 node099 node100 node101"],
    ["node[01-03,20]", "node01 node02 node03 node20"],
    ["node[0-10/5]", "node0 node5 node10"],
    ["node[00-09/4]", "node00 node04 node08"],
    ["node[1-9/20]", "node1"],
    ["node[7]", "node7"],
    ["node[3,1,2,1]", "node3 node1 node2"],
    ["node[1-2]-ib", "node1-ib node2-ib"],
    ["r[1-2]n[1-3]", "r1n1 r1n2 r1n3 r2n1 r2n2 r2n3"],
    ["[1-2][8-9]", "18 19 28 29"],
    ["me@node[1-2].example.org:2222", "me@node1.example.org:2222 me@node2.example.org:2222"],
    ["10.0.[0-1].[254-255]", "10.0.0.254 10.0.0.255 10.0.1.254 10.0.1.255"],
  ])("%s", (nodes, expected) => {
    expect(expand(nodes)).toEqual(names(expected));
  });
});

describe("a colon in brackets makes an IPv6 address of them", () => {
  test.each([
    ["[::1]:22", "[::1]:22"],
    ["me@[fe80::1%eth0]", "me@[fe80::1%eth0]"],
    ["[2001:db8::[1-2]]:22", "[2001:db8::1]:22 [2001:db8::2]:22"],
    ["[[1-2]::5]", "[1::5] [2::5]"],
    ["2001:db8::[9-10]", "2001:db8::9 2001:db8::10"],
    ["::1,[::2],node[1-2]", "::1 [::2] node1 node2"],
    ["node[1-2]:22", "node1:22 node2:22"],
  ])("%s", (nodes, expected) => {
    expect(expand(nodes)).toEqual(names(expected));
  });
});

describe("operators work from left to right and keep the order that is written", () => {
  test.each([
    ["", ""],
    ["  ", ""],
    ["b,a,b", "b a"],
    ["b a\n\tc", "b a c"],
    [" b , a ", "b a"],
    ["n[1-4]!n2", "n1 n3 n4"],
    ["n[1-4],!n2", "n1 n3 n4"],
    ["n[1-4] !n2 n9", "n1 n3 n4 n9"],
    ["n[1-4]!n[2-3],n2", "n1 n4 n2"],
    ["n[1-4]!n2!n3", "n1 n4"],
    ["n[1-4]!zzz", "n1 n2 n3 n4"],
    ["n[4,3,1]&n[1-3]", "n3 n1"],
    ["n[1-3]^n[3-5]", "n1 n2 n4 n5"],
    ["a,b&b,c", "b c"],
    ["a^a", ""],
  ])("%j", (nodes, expected) => {
    expect(expand(nodes)).toEqual(names(expected));
  });
});

describe("groups and wildcards", () => {
  const known = ["web1", "web2", "db1"];
  test.each([
    ["@rack1", "node1 node2 node3 node4"],
    ["@rack1!node2", "node1 node3 node4"],
    ["@odd", "node1 node3 node5 node7"],
    ["@rack[1-2]&@odd", "node1 node3 node5 node7"],
    ["@rack*!@odd", "node2 node4 node6 node8"],
    ["@empty", ""],
    ["@*", "web1 web2 db1 node1 node2 node3 node4 node5 node6 node7 node8 gpu1 gpu2"],
    ["@rest&web*", "web1 web2"],
    ["@rest&gpu*", ""],
    ["web*", "web1 web2"],
    ["gpu?,db*", "gpu1 gpu2 db1"],
    ["*[1-2]&[a-w]*", undefined],
    ["*1", "web1 db1 node1 gpu1"],
    ["node[7-9],!node*", ""],
    ["node9!node?,web1", "web1"],
    ["node[10-12]&*1", "node11"],
    ["root@rack1", "root@rack1"],
  ])("%s", (nodes, expected) => {
    if (expected === undefined) expect(() => expand(nodes, { groups, known })).toThrow(/a number, or a range/);
    else expect(expand(nodes, { groups, known })).toEqual(names(expected));
  });

  test("a pattern that no known host matches is an error, but excludes nothing behind !", () => {
    expect(() => expand("nod?[1-9]x", { groups })).toThrow(/must match a known host, but "nod\?1x" matches none/);
    expect(expand("a!nothing*", { groups })).toEqual(["a"]);
  });

  test("an unknown group is an error that names the known ones", () => {
    expect(() => expand("@rack3", { groups })).toThrow(/not @rack3; the groups are @rack1, @rack2/);
    expect(() => expand("@rack3")).toThrow(/not @rack3; there are none/);
    expect(() => expand("@x*", { groups })).toThrow(/not @x\*/);
  });

  test("groups in a circle are an error that shows it", () => {
    const circle = new Map([
      ["a", "x @b"],
      ["b", "@c!y"],
      ["c", "@a"],
    ]);
    expect(() => expand("@a", { groups: circle })).toThrow(/@a → @b → @c → @a/);
  });

  test("a group that is named twice side by side is no circle", () => {
    expect(expand("@gpu,@gpu @rack1&@gpu", { groups })).toEqual(["gpu1", "gpu2"]);
  });
});

describe("what is wrong is said with its column", () => {
  test.each([
    ["node[1-", 5, 'a "]" for "["'],
    ["node[1-]", 8, "a number"],
    ["node[]", 6, "a number"],
    ["node[a-c]", 6, "a number"],
    ["node[1-3,]", 10, "a number"],
    ["node[1,,2]", 8, "a number"],
    ["node[1, 2]", 8, "a number"],
    ["node[1-3-5]", 9, "a number"],
    ["node[1-9/]", 10, "a number"],
    ["node[1/2]", 7, "a number"],
    ["node[-1]", 6, "a number"],
    ["node[1-9/0]", 6, "a step of 1 or more"],
    ["node[9-1]", 6, "an ascending range"],
    ["node[2-1]", 6, "an ascending range"],
    ["node[1-2,9-1]", 10, "an ascending range"],
    ["node[01-100]", 6, "both ends of a range padded"],
    ["node[1-010]", 6, "both ends of a range padded"],
    ["node[1-9999999999999999]", 6, "a number of at most 15 digits"],
    ["node]", 5, 'a "[" before "]"'],
    ["node[1]]", 8, 'a "[" before "]"'],
    ["[::1", 1, 'a "]" for "["'],
    ["[[1-2]]", 2, "a number"],
    ["!node1", 1, 'a host before "!"'],
    [",node1", 1, 'a host before ","'],
    ["node1,", 7, 'a host after ","'],
    ["node1!", 7, 'a host after "!"'],
    ["a,,b", 3, 'a host after ","'],
    ["a,!!b", 4, 'a host after ","'],
    ["a & & b", 5, 'a host after "&"'],
  ])("%s, column %i", (nodes, column, expected) => {
    expect(() => expand(nodes)).toThrow(InvalidArgumentError);
    expect(() => expand(nodes)).toThrow(`nodes must have ${expected}`);
    expect(() => expand(nodes)).toThrow(`at column ${column} of ${JSON.stringify(nodes)}`);
  });

  test("what is no text is refused", () => {
    // @ts-expect-error wrong argument
    expect(() => expand(["a"])).toThrow(/nodes must be a string such as/);
    expect(() => expand("a", { limit: 0 })).toThrow(/options.limit/);
  });
});

describe("the number of names is limited before they are made", () => {
  test("exactly the limit is fine, one more is not", () => {
    expect(expand("n[1-10]", { limit: 10 })).toHaveLength(10);
    expect(() => expand("n[0-10]", { limit: 10 })).toThrow(/at most 10 names, but "n\[0-10\]" makes 11/);
    expect(expand("a[1-5],b[1-5]", { limit: 10 })).toHaveLength(10);
    expect(() => expand("a[1-5],b[1-5],c", { limit: 10 })).toThrow(/makes 11/);
    expect(() => expand("[1-4][1-4]", { limit: 10 })).toThrow(/makes 16/);
  });

  test("a list of 50 000 names is read in a moment", () => {
    const list = Array.from({ length: 50_000 }, (_, index) => `n${index}`);
    expect(expand(list.join(","))).toEqual(list);
  });

  test.each(["n[1-999999999]", "n[1-999999999999999][1-999999999999999]", "n[1-99999],m[1-99999]"])("%s ends at once", (nodes) => {
    expect(() => expand(nodes)).toThrow(/at most 100000 names/);
  });
});
