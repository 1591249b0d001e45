import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { type Connector, local } from "@sremote/connectors";
import { ConnectError } from "@sremote/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limitedTo } from "../support/carriage.ts";
import { hostPath } from "../support/hosts.ts";

describe.each(["pipes", "files"] as const)("a base directory that is changed while a call is under way, over %s", (carriage) => {
  let home: string;
  let connector: Connector;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "sremote-moved-"));
    connector = limitedTo(carriage, local({ cwd: home, env: { HOME: home, PATH: hostPath } }));
  });
  afterEach(() => rm(home, { recursive: true }));

  /** Does this once, right after a command that runs a call, then lets `lost` decide whether its answer gets lost. */
  function afterCall(act: () => void, lost: boolean): Connector {
    let done = false;
    return {
      ...connector,
      exec: async (command, options) => {
        const result = await connector.exec(command, options);
        if (done || !JSON.stringify(command).includes('"call"')) return result;
        done = true;
        act();
        if (lost) throw new ConnectError("connection-lost", "the link was cut");
        return result;
      },
    };
  }

  test("later calls use the new one", async () => {
    await using client: RemoteClient = new RemoteClient(afterCall(() => client.setSremoteDir("other"), false));
    expect((await client.doRemoteCall("os", "getenv", ["SREMOTE_BASE"])).value).toBe(join(home, ".sremote"));
    expect((await client.doRemoteCall("os", "getenv", ["SREMOTE_BASE"])).value).toBe(join(home, "other"));
  });

  test("when the link is lost then, the call is asked for where it ran, and does not run again", async () => {
    await using client: RemoteClient = new RemoteClient(afterCall(() => client.setSremoteDir("other"), true));
    expect((await client.doRemoteCall("subprocess", "call", [["sh", "-c", "echo ran >> runs"]])).value).toBe(0);
    expect(await readFile(join(home, "runs"), "utf8")).toBe("ran\n");
  });
});
