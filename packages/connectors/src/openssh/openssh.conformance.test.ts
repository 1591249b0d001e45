/* The behaviour suite of every connector, over the system's ssh and real sshd servers. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Proxy } from "../../../../scripts/labs/proxy.ts";
import { startProxy } from "../../../../scripts/labs/proxy.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { connectorCases } from "../testing/index.ts";
import { openssh } from "./index.ts";

describe("openssh against sshd, with noisy start-up files and links that can be cut", () => {
  let lab: Lab;
  let proxy: Proxy;
  let user: Account;

  beforeAll(async () => {
    lab = await startSshd();
    user = await lab.addUser({ files: { ".bashrc": "echo noise; printf 'noise \\x00\\xff' >&2; set -x\n" } });
    proxy = await startProxy({ host: lab.address, port: lab.port });
  });
  afterAll(async () => {
    await proxy?.stop();
    await lab?.stop();
  });

  for (const each of connectorCases()) {
    test(each.name, async () => {
      const make = () =>
        openssh({
          host: proxy.address,
          port: proxy.port,
          username: user.name,
          privateKeyPath: lab.key.path,
          sshConfig: false,
          knownHosts: lab.knownHosts,
          sshOptions: { HostKeyAlias: `[${lab.address}]:${lab.port}` },
        });
      await each.run(make, {
        secrets: [await readFile(lab.key.path, "utf8")],
        cut: { cut: () => proxy.cut(), restore: () => proxy.restore() },
        memoryLimit: 48 * 2 ** 20,
      });
    });
  }
});
