/* A program with a client of its own, to be killed: calls `breed`, and never closes anything. */
import process from "node:process";
import { RemoteClient } from "@sremote/client";
import { local, ssh, type SshOptions } from "@sremote/connectors";
import type { Runtime } from "../support/effects.ts";

export interface ClientProgram {
  connector: { ssh: SshOptions } | { local: { cwd: string; env: Record<string, string> } };
  runtime: Runtime;
  module: string;
  lease: number;
  heartbeat: number;
  /** Where the function writes the ids of its processes. */
  path: string;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test that starts this program wrote it
const { connector, runtime, module, lease, heartbeat, path } = JSON.parse(process.argv[2]!) as ClientProgram;
const client = new RemoteClient("ssh" in connector ? ssh(connector.ssh) : local(connector.local), {
  runtime,
  pwdDir: "steps",
  resumeTimeout: lease,
  heartbeatInterval: heartbeat,
});
await client.doRemoteCall(module, "breed", [path]);
