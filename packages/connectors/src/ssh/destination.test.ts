import { InvalidArgumentError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { destinationLabel, parseDestination } from "./destination.ts";
import { openssh } from "../openssh/index.ts";
import { ssh } from "./index.ts";

describe("a destination", () => {
  test.each([
    ["host", { host: "host" }],
    ["me@host", { host: "host", username: "me" }],
    ["me@host:2222", { host: "host", username: "me", port: 2222 }],
    ["ssh://me@host:22/", { host: "host", username: "me", port: 22 }],
    ["[::1]:22", { host: "::1", port: 22 }],
    ["me@[fe80::1%eth0]", { host: "fe80::1%eth0", username: "me" }],
    ["::1", { host: "::1" }],
    ["me@example.org@gateway", { host: "gateway", username: "me@example.org" }],
    [String.raw`DOMAIN\me@host`, { host: "host", username: String.raw`DOMAIN\me` }],
  ])("%s is read", (text, expected) => {
    expect(parseDestination(text)).toEqual(expected);
  });

  const hostile = [
    "",
    "@host",
    "me@",
    "-oProxyCommand=id",
    "me@-oProxyCommand=id",
    "-l@host",
    "ho st",
    "me you@host",
    "host\n",
    "me\0@host",
    "host;id",
    "$(id)",
    "`id`",
    "a|b",
    "me'@host",
    'me"@host',
    "me%h@host",
    "%h",
    "host:0",
    "host:65536",
    "host:-1",
    "host:22x",
    "host:",
    "[::1",
    "a/b",
    "me\\@host",
    "me\u202e@host",
  ];
  test.each(hostile)("G08 %j is refused before anything happens", (text) => {
    expect(() => ssh(text)).toThrow(InvalidArgumentError);
    expect(() => openssh(text)).toThrow(InvalidArgumentError);
    expect(() => ssh("host", { jump: text })).toThrow(InvalidArgumentError);
  });

  test("has a label without secrets, with brackets around IPv6", () => {
    expect(destinationLabel({ host: "::1", port: 22, username: "me" })).toBe("ssh://me@[::1]:22");
    expect(ssh("me@host:2200", { password: "canary-1", passphrase: "canary-2" }).label).toBe("ssh://me@host:2200");
  });
});

describe("wrong options are named", () => {
  test.each([
    ["options.port", { port: 0 }],
    ["options.username", { username: "" }],
    ["options.privateKey", { privateKey: "" }],
    ["options.password", { password: 3 }],
    ["options.hostKey", { hostKey: "no" }],
    ["options.hostKey", { hostKey: { fingerprint: "MD5:00" } }],
    ["options.knownHosts", { knownHosts: [""] }],
    ["options.sshConfig", { sshConfig: 3 }],
    ["options.keepaliveInterval", { keepaliveInterval: -1 }],
    ["options.keepaliveCountMax", { keepaliveCountMax: 0 }],
    ["options.connectTimeout", { connectTimeout: 0 }],
    ["options.forwardAgent", { forwardAgent: "yes" }],
    ["options.agent", { agent: "" }],
    ["options.keyboardInteractive", { keyboardInteractive: "x" }],
    ["options.jump.hostKey", { jump: { host: "h", hostKey: "no" } }],
  ])("%s", (argument, options) => {
    // @ts-expect-error wrong options
    const call = () => ssh("host", options);
    expect(call).toThrow(InvalidArgumentError);
    expect(call).toThrow(new RegExp(`^${argument} must be `));
  });
});
