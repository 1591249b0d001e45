import { codes, ConnectError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import type { Phase } from "./ssh-error.ts";
import { sshError } from "./ssh-error.ts";

const phases: Phase[] = ["reach", "handshake", "authenticate", "channel", "open"];
const errno = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });
const codeOf = (error: unknown, phase: Phase): string => sshError(error, { phase, label: "ssh://host" }).code;

describe("errors of sockets and ssh2", () => {
  test.each([
    [errno("ECONNREFUSED"), "reach", "connect-refused"],
    [errno("ENOTFOUND"), "reach", "name-not-found"],
    [errno("EAI_AGAIN"), "reach", "name-not-found"],
    [errno("ETIMEDOUT"), "reach", "connect-timeout"],
    [errno("EHOSTUNREACH"), "reach", "connect-failed"],
    [errno("ECONNRESET"), "handshake", "connect-failed"],
    [errno("ECONNRESET"), "open", "connection-lost"],
    [errno("EPIPE"), "channel", "connection-lost"],
    [errno("ETIMEDOUT"), "open", "connection-lost"],
    [new AggregateError([errno("ECONNREFUSED"), errno("ECONNREFUSED")]), "reach", "connect-failed"],
    [new Error("All configured authentication methods failed"), "authenticate", "auth-failed"],
    [new Error("Too many authentication failures"), "authenticate", "auth-failed"],
    [new Error("Timed out while waiting for handshake"), "handshake", "connect-timeout"],
    [new Error("Keepalive timeout"), "open", "connection-lost"],
    [new Error("No response from server"), "channel", "connection-lost"],
    [new Error("Not connected"), "channel", "connection-lost"],
    [new Error("Channel is not open"), "channel", "connection-lost"],
    [new Error("Connection lost before handshake"), "handshake", "connect-failed"],
    [new Error("(SSH) Channel open failure: open failed"), "channel", "channel-failed"],
    [new Error("Unable to exec"), "channel", "channel-failed"],
    [new Error("Handshake failed: no matching key exchange algorithm"), "handshake", "connect-failed"],
  ] as const)("%s while %s is %s", (error, phase, code) => {
    expect(codeOf(error, phase)).toBe(code);
  });

  test("the mapping is total: whatever is thrown, wherever, is a ConnectError with a known code, the label and the cause", () => {
    const things = [
      new Error("never seen before"),
      errno("EWHATEVER"),
      "text",
      undefined,
      null,
      7,
      {},
      new AggregateError([]),
      Symbol("x"),
    ];
    for (const phase of phases) {
      for (const thing of things) {
        const error = sshError(thing, { phase, label: "ssh://host" });
        expect(error).toBeInstanceOf(ConnectError);
        expect(Object.keys(codes)).toContain(error.code);
        expect(error.host).toBe("ssh://host");
        if (thing instanceof Error) expect(error.cause).toBe(thing);
      }
    }
  });

  test("an error of ours is kept", () => {
    const own = new ConnectError("host-key-changed", "changed");
    expect(sshError(own, { phase: "open", label: "ssh://host" })).toBe(own);
  });

  test("without a common algorithm, the hint names openssh()", () => {
    const error = sshError(new Error("Handshake failed: no matching cipher"), { phase: "handshake", label: "ssh://host" });
    expect(error.hint).toContain("openssh()");
  });
});
