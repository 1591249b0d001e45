import { InvalidArgumentError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { Host, type HostLike } from "./host.ts";

describe("a host is made", () => {
  test.each([
    ["node1", { name: "node1", address: "node1" }],
    ["me@node1:2222", { name: "node1", address: "node1", username: "me", port: 2222 }],
    ["[::1]:22", { name: "::1", address: "::1", port: 22 }],
    ["me@fe80::1%eth0", { name: "fe80::1%eth0", address: "fe80::1%eth0", username: "me" }],
  ])("of %s", (text, expected) => {
    const { name, address, username, port, privateKeyPath } = Host.from(text);
    expect({ name, address, username, port, privateKeyPath }).toEqual({
      username: undefined,
      port: undefined,
      privateKeyPath: undefined,
      ...expected,
    });
  });

  test("of options, of another host, and with changes", () => {
    const host = new Host({ address: "10.0.0.1", name: "web", username: null, port: 22, privateKeyPath: "/keys/a" });
    expect(Host.from(host)).toBe(host);
    expect(host.with({ port: 23 })).toMatchObject({
      address: "10.0.0.1",
      name: "web",
      username: null,
      port: 23,
      privateKeyPath: "/keys/a",
    });
    expect(host.with({ username: undefined }).username).toBeUndefined();
    expect(Object.isFrozen(host)).toBe(true);
  });

  test.each([
    ["-oProxyCommand=id", "host"],
    ["a;b", "host"],
    [{ address: "" }, "host.address"],
    [{ address: "a b" }, "host.address"],
    [{ address: "a", username: "-x" }, "host.username"],
    [{ address: "a", username: "" }, "host.username"],
    [{ address: "a", port: 0 }, "host.port"],
    [{ address: "a", port: 1.5 }, "host.port"],
    [{ address: "a", privateKeyPath: "" }, "host.privateKeyPath"],
    [{ address: "a", privateKeyPath: "a\0b" }, "host.privateKeyPath"],
    [{ address: "a", name: "two words" }, "host.name"],
    [{ address: "a", name: "\u001b[31m" }, "host.name"],
    [null, "host"],
    [7, "host"],
  ])("not of %j: %s is named", (host, argument) => {
    const make = (): Host => Host.from(host as HostLike);
    expect(make).toThrow(InvalidArgumentError);
    expect(make).toThrow(new RegExp(`^${argument.replace(".", String.raw`\.`)} must (?:be|have) `));
  });
});

test("hosts are equal by value, and their keys with them", () => {
  const different = [
    { address: "a" },
    { address: "b" },
    { address: "a", name: "b" },
    { address: "a", username: null },
    { address: "a", username: "me" },
    { address: "a", username: "null" },
    { address: "a", port: null },
    { address: "a", port: 22 },
    { address: "a", privateKeyPath: null },
    { address: "a", privateKeyPath: "me" },
  ];
  for (const [index, left] of different.entries()) {
    for (const [other, right] of different.entries()) {
      expect(new Host(left).equals(new Host(right)), JSON.stringify([left, right])).toBe(index === other);
      expect(new Host(left).key === new Host(right).key).toBe(index === other);
    }
  }
});

describe("how a host is reached: host over call over defaults", () => {
  const call = { username: "caller", port: 2222, privateKeyPath: "/call" };
  const defaults = { username: "default", port: 22, privateKeyPath: "/default" };
  test.each([
    ["what the host says", { username: "me", port: 1, privateKeyPath: "/host" }, { username: "me", port: 1, privateKeyPath: "/host" }],
    ["what the call says, where the host says nothing", {}, { username: "caller", port: 2222, privateKeyPath: "/call" }],
    ["nothing, where the host says none", { username: null, port: null, privateKeyPath: null }, {}],
    ["each by itself", { port: null, privateKeyPath: "/host" }, { username: "caller", privateKeyPath: "/host" }],
  ])("%s", (_, says, expected) => {
    expect(new Host({ address: "a", ...says }).sshOptions(call, defaults)).toEqual({ host: "a", ...expected });
  });

  test("the defaults speak last, and a call may say none too", () => {
    expect(Host.from("a").sshOptions({}, defaults)).toEqual({ host: "a", username: "default", port: 22, privateKeyPath: "/default" });
    expect(Host.from("a").sshOptions({ username: null }, { username: "default" })).toEqual({ host: "a" });
    expect(Host.from("a").sshOptions()).toEqual({ host: "a" });
  });
});

test("a host as text can be read again", () => {
  for (const text of ["node1", "me@node1", "me@node1:22", "[::1]:22", "::1", "me@::1"]) {
    expect(String(Host.from(text))).toBe(text);
    expect(Host.from(String(Host.from(text))).equals(Host.from(text))).toBe(true);
  }
  expect(String(new Host({ address: "10.0.0.1", name: "web", username: null }))).toBe("web");
});
