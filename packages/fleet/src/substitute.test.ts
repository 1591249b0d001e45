import { InvalidArgumentError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { Host, hostSet } from "./host/index.ts";
import { substitute } from "./substitute.ts";

const hosts = [
  new Host({ address: "10.0.0.1", name: "web", username: "me", port: 22, privateKeyPath: "/k" }),
  new Host({ address: "10.0.0.2", name: "db", username: "you", port: 23, privateKeyPath: "/l" }),
];

describe("of a host", () => {
  test.each([
    ["ping {{{host}}}", "ping 10.0.0.1", "ping 10.0.0.2"],
    ["{{{name}}}:{{{index}}}", "web:0", "db:1"],
    ["{{{username}}}@{{{host}}}:{{{port}}} {{{privateKeyPath}}}", "me@10.0.0.1:22 /k", "you@10.0.0.2:23 /l"],
    ["nothing", "nothing", "nothing"],
    ["", "", ""],
  ])("%j", (text, first, second) => {
    expect(substitute(text, hosts)).toEqual([first, second]);
  });

  test("a value that a host does not have is an error that names the host", () => {
    expect(() => substitute("{{{username}}}", [...hosts, Host.from("c")])).toThrow(
      /a host with a username for \{\{\{username\}\}\}, but c says none/,
    );
    expect(() => substitute("{{{port}}}", [new Host({ address: "c", port: null })])).toThrow(/but c says none/);
  });
});

describe("of lists", () => {
  test("each host has the value at its index; a shorter list begins again", () => {
    const six = hostSet("a,b,c,d,e,f");
    expect(substitute("iperf -c {{peers}}", six, { lists: { peers: ["1", "2", "3"] } })).toEqual(
      ["1", "2", "3", "1", "2", "3"].map((peer) => `iperf -c ${peer}`),
    );
    expect(substitute("{{one}}{{two}}", hosts, { lists: { one: [7], two: ["x", "y", "z"] } })).toEqual(["7x", "7y"]);
  });

  test("of hosts the address is taken, of a set or any iterable", () => {
    expect(substitute("{{peers}}", hosts, { lists: { peers: hostSet("x,y") } })).toEqual(["x", "y"]);
    expect(substitute("{{peers}}", hosts, { lists: { peers: new Set(hosts.toReversed()) } })).toEqual(["10.0.0.2", "10.0.0.1"]);
  });

  test("values are not looked at again, and quoted if asked", () => {
    const lists = { odd: ["{{{host}}} {{odd}} $& $1 '"] };
    expect(substitute("{{odd}}", hosts.slice(1), { lists })).toEqual(["{{{host}}} {{odd}} $& $1 '"]);
    expect(substitute("a {{odd}} {{{host}}}", hosts.slice(1), { lists: { odd: ["x y"] }, quote: (value) => `'${value}'` })).toEqual([
      "a 'x y' '10.0.0.2'",
    ]);
  });

  test.each([[[]], [[null]], [[{}]], ["text"], [3], [undefined]])("%j is no list", (list) => {
    const lists = { list } as never;
    expect(() => substitute("{{list}}", hosts, { lists })).toThrow(/^lists.list must be a non-empty list/);
  });
});

describe("braces themselves", () => {
  test.each([
    [String.raw`docker ps -f '\{{.State}}'`, "docker ps -f '{{.State}}'"],
    [String.raw`\{{{host}}}`, "{{{host}}}"],
    [String.raw`\\{{{host}}}`, String.raw`\10.0.0.1`],
    [String.raw`a\b \\ \n`, String.raw`a\b \\ \n`],
    ["awk '{print $1}' }} {", "awk '{print $1}' }} {"],
    ["left open {{ for ever", "left open {{ for ever"],
    ["{ {x} }", "{ {x} }"],
  ])("%j", (text, expected) => {
    expect(substitute(text, hosts.slice(0, 1))).toEqual([expected]);
  });
});

describe("an unknown name is an error before anything is put together", () => {
  test.each([
    ["{{x}}", "the names are peers"],
    ["{{ peers }}", "the names are peers"],
    ["{{process.exit()}}", "the names are peers"],
    ["{{toString}}", "the names are peers"],
    ["{{__proto__}}", "the names are peers"],
    ["{{}}", "the names are peers"],
    ["{{a\nb}}", "the names are peers"],
    ["{{{x}}}", "the names are host, name"],
    ["{{{constructor}}}", "the names are host, name"],
    ["{{{ host }}}", "the names are host, name"],
    ["{{{{host}}}}", "the names are host, name"],
  ])("%j", (text, known) => {
    const attempt = (): unknown => substitute(text, [], { lists: { peers: ["1"] }, argument: "command" });
    expect(attempt).toThrow(InvalidArgumentError);
    expect(attempt).toThrow(/^command must use known names, not \{\{/);
    expect(attempt).toThrow(known);
  });

  test("without lists there are none, and text must be text", () => {
    expect(() => substitute("{{x}}", hosts)).toThrow(/there are none/);
    // @ts-expect-error wrong argument
    expect(() => substitute(3, hosts)).toThrow(/^text must be a string/);
  });
});
