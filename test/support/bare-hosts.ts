/* Hosts without Python, by what is on them. */
import { type Connector, ssh } from "@sremote/connectors";
import { afterAll, beforeAll } from "vitest";
import { readdir } from "node:fs/promises";
import { type BareHost, type BareTools, busyboxTools, gnuTools, oldTools, startBareHost } from "../../scripts/labs/bare.ts";
import { until } from "../../scripts/labs/wait.ts";
import { type Carriage, limitedTo } from "./carriage.ts";
import type { TestHost } from "./hosts.ts";

const tools: readonly string[] =
  "cat chmod dd env false find head id ln ls mkdir mktemp mv readlink rm rmdir sha256sum stat tail touch true uname wc".split(" ");

export interface BareKind {
  readonly name: string;
  readonly tools: () => Promise<BareTools>;
  /** What a transfer cannot keep there. */
  readonly kept: { readonly wholeSeconds?: boolean; readonly noLinkTimes?: boolean };
}

export const bareKinds: readonly BareKind[] = [
  { name: "busybox", tools: busyboxTools, kept: { wholeSeconds: true } },
  { name: "old tools", tools: oldTools, kept: { wholeSeconds: true, noLinkTimes: true } },
  { name: "dash and coreutils", tools: async () => gnuTools("/usr/bin/dash", tools), kept: {} },
  { name: "bash and coreutils", tools: async () => gnuTools("/usr/bin/bash", tools), kept: {} },
];

/** For the tests of the suite that this is called in. Nothing may be left in the host's directory for temporary files. */
export function useBareHost({ tools: make }: BareKind): { start: (carriage?: Carriage) => Promise<TestHost> } {
  let bare: BareHost;
  beforeAll(async () => {
    bare = await startBareHost(await make());
  });
  afterAll(async () => {
    const left = async (): Promise<string[]> => (await readdir(bare.temporary)).filter((name) => name.startsWith("sremote-transfer-"));
    try {
      // What was cancelled ends a moment after its client knows.
      await until("temporary files to go", async () => (await left()).length === 0);
    } finally {
      await bare?.[Symbol.asyncDispose]();
    }
  });
  return {
    async start(carriage = "session") {
      const { lab } = bare;
      const user = await bare.addUser();
      const address = { host: lab.address, port: lab.port, username: user.name };
      const connect = (): Connector =>
        limitedTo(carriage, ssh({ ...address, privateKeyPath: lab.key.path, knownHosts: lab.knownHosts, sshConfig: false }));
      return { connector: connect(), home: user.home, again: connect, [Symbol.asyncDispose]: async () => {} };
    },
  };
}
