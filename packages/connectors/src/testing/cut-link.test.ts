/* The cases on cut links, which only connectors over a network have: they pass where a link behaves, and fail where it does not. */
import { describe, expect, test } from "vitest";
import { ConnectError } from "@sremote/protocol";
import type { Connector } from "../connector.ts";
import { local } from "../local/index.ts";
import type { CheckOptions } from "./case.ts";
import { connectorCases } from "./check.ts";

const caseNamed = (name: string): ReturnType<typeof connectorCases>[number] => {
  const found = connectorCases().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
};

/** A link that can be cut, in front of this machine. */
function linked(then: "rejects" | "resolves"): { connector: Connector; cut: NonNullable<CheckOptions["cut"]> } {
  const host = local();
  let control = new AbortController();
  async function over<T>(work: (signal: AbortSignal) => Promise<T>, otherwise: () => T): Promise<T> {
    const { signal } = control;
    try {
      return await work(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      if (then === "resolves") return otherwise();
      throw new ConnectError("connection-lost", "the link was cut");
    }
  }
  const nothing = new Uint8Array(0);
  const connector: Connector = {
    ...host,
    exec: (command, options) =>
      over(
        (signal) => host.exec(command, { ...options, signal }),
        () => ({ exitCode: 255, signal: null, stdout: nothing, stderr: nothing }),
      ),
    push: (source, path, options) =>
      over(
        (signal) => host.push(source, path, { ...options, signal }),
        () => {},
      ),
  };
  return {
    connector,
    cut: {
      cut: () => control.abort(),
      restore: () => {
        control = new AbortController();
      },
    },
  };
}

describe("cut links", () => {
  for (const name of [
    "a cut link is connection-lost, and the next command connects again",
    "G26 a link cut during a push leaves no part of a file",
  ]) {
    test(`${name}: passes where it is so, fails where it is not`, async () => {
      const good = linked("rejects");
      await caseNamed(name).run(() => good.connector, { cut: good.cut });
      const bad = linked("resolves");
      await expect(caseNamed(name).run(() => bad.connector, { cut: bad.cut })).rejects.toThrow(/must reject/);
    });
  }
});
