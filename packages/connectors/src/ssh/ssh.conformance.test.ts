/* The behaviour suite of every connector, over real sshd servers. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Proxy } from "../../../../scripts/labs/proxy.ts";
import { startProxy } from "../../../../scripts/labs/proxy.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { isNightly, ofLayers } from "../../../../test/support/nightly.ts";
import { connectorCases } from "../testing/index.ts";
import type { CheckOptions, MakeConnector } from "../testing/index.ts";
import { ssh } from "./index.ts";
import type { SshOptions } from "./index.ts";

/** What a connection within a connection could spoil: bytes, their pace, and how things end. How commands and files are asked for is the same: nightly. */
const ofJumps = isNightly
  ? /^(?!G35 )/
  : /exit code 255|G31|20 |file of (?:0|3000001) bytes|aborted push|abort of exec|deadline of exec|spawn|overwritten|status|label|clos/;

/** Text and a piece of binary on both outputs, an echo of the commands, an alias, and a changed umask. */
const noisyFiles = {
  ".bashrc": String.raw`echo 'Welcome to the machine'; printf '\x89SRM\x01\x00\xff\xfe partial' ; printf 'noise \x00\xff' >&2
alias printf='echo aliased'; set -x
`,
};

function registerCases(make: MakeConnector, options: () => CheckOptions | Promise<CheckOptions>, only = /./): void {
  for (const each of connectorCases().filter(({ name }) => only.test(name)))
    test(each.name, async () => await each.run(make, await options()));
}

describe("ssh against sshd", () => {
  let lab: Lab;
  let jumpLab: Lab;
  let proxy: Proxy;
  let user: Account;
  let noisy: Account;
  let jumper: Account;
  let cshUser: Account;

  beforeAll(async () => {
    lab = await startSshd();
    jumpLab = await startSshd({ address: "127.0.0.2" });
    user = await lab.addUser();
    noisy = await lab.addUser({ files: noisyFiles });
    cshUser = await lab.addUser({ shell: "/bin/tcsh", files: { ".cshrc": "echo noise from cshrc\n" } });
    jumper = await jumpLab.addUser();
    proxy = await startProxy({ host: lab.address, port: lab.port });
  });
  afterAll(async () => {
    await proxy?.stop();
    await lab?.stop();
    await jumpLab?.stop();
  });

  const target = (username: string): SshOptions => ({
    host: lab.address,
    port: lab.port,
    username,
    privateKeyPath: lab.key.path,
    hostKey: { fingerprint: lab.hostKeys[0]?.fingerprint ?? "" },
    sshConfig: false,
  });
  const options = async (): Promise<CheckOptions> => ({
    secrets: [await readFile(lab.key.path, "utf8")],
    // ssh2's windows of 2 MiB in each direction, and what its ciphers leave to collect.
    memoryLimit: 32 * 2 ** 20,
    cut: { cut: () => proxy.cut(), restore: () => proxy.restore() },
  });

  describe("direct, with links that can be cut", () => {
    // The proxy lives in this process, with buffers of its own in both directions.
    const more = { memoryLimit: 48 * 2 ** 20 };
    registerCases(
      () => ssh({ ...target(user.name), host: proxy.address, port: proxy.port }),
      async () => ({ ...(await options()), ...more }),
    );
  });

  describe("G10 with noisy start-up files", () => {
    registerCases(
      () => ssh(target(noisy.name)),
      async () => ({ ...(await options()), cut: undefined }),
      ofLayers,
    );
  });

  describe("with csh as the login shell", () => {
    // What a login shell could spoil: quoting, bytes, exit codes, and ending commands.
    registerCases(
      () => ssh(target(cshUser.name)),
      async () => ({ ...(await options()), cut: undefined }),
      /G02|G08|G31|script|abort of exec|deadline of exec|signal/,
    );
  });

  describe("through a jump host", () => {
    registerCases(
      () =>
        ssh({
          ...target(user.name),
          jump: {
            host: jumpLab.address,
            port: jumpLab.port,
            username: jumper.name,
            privateKeyPath: jumpLab.key.path,
            hostKey: { fingerprint: jumpLab.hostKeys[0]?.fingerprint ?? "" },
            sshConfig: false,
          },
        }),
      // Two connections, each with windows and ciphers of its own.
      async () => ({ ...(await options()), memoryLimit: 64 * 2 ** 20, cut: undefined }),
      ofJumps,
    );
  });
});
