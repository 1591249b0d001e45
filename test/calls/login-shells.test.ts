import { RemoteClient } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { hostPath } from "../support/hosts.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
});
afterAll(() => lab?.stop());

const shells = [
  { shell: "/bin/bash", files: { ".bash_profile": "echo noise; export FROM_LOGIN=yes\n" } },
  { shell: "/bin/tcsh", files: { ".cshrc": "echo noise\n", ".login": "echo more noise\nsetenv FROM_LOGIN yes\n" } },
  { shell: "/usr/bin/fish", files: { ".config/fish/config.fish": "echo noise\nif status --is-login\n  set -x FROM_LOGIN yes\nend\n" } },
];

const each = shells.flatMap((shell) => (["auto", "spool"] as const).map((transport) => ({ ...shell, transport })));

describe.each(each)("an account whose login shell is $shell, transport $transport", ({ shell, files, transport }) => {
  let client: RemoteClient;
  beforeAll(async () => {
    const { name } = await lab.addUser({ shell, files });
    client = new RemoteClient(
      ssh({
        host: lab.address,
        port: lab.port,
        username: name,
        privateKeyPath: lab.key.path,
        knownHosts: lab.knownHosts,
        sshConfig: false,
      }),
      { transport },
    );
  });
  afterAll(() => client?.close());

  test("calls work, and loginEnv loads its login environment, in Python", async () => {
    expect(await client.doRemoteCall("os", "getenv", ["FROM_LOGIN"])).toMatchObject({ value: null, stdout: "", stderr: "" });
    expect(await client.doRemoteCall("os", "getenv", ["FROM_LOGIN"], { loginEnv: true })).toMatchObject({
      value: "yes",
      stdout: "",
      stderr: "",
    });
  });

  test("and in Node", async () => {
    const print = ['printf %s "$FROM_LOGIN"', { encoding: "utf8" }];
    const node = { runtime: "node" } as const;
    expect(await client.doRemoteCall("node:child_process", "execSync", print, node)).toMatchObject({ value: "" });
    expect(await client.doRemoteCall("node:child_process", "execSync", print, { ...node, loginEnv: true })).toMatchObject({
      value: "yes",
      stdout: "",
      stderr: "",
    });
  });
});
