import { RemoteClient } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { startSshd } from "../../scripts/labs/sshd.ts";
import { Effects, plantEffects } from "../support/effects.ts";
import { hostKinds, runtimes, runtimesOn, sharedSshd, stopSshd } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

test("G04 a changed host key is refused, nothing was sent and no credential was offered", async () => {
  await using lab = await startSshd();
  const user = await lab.addUser({ password: "secret" });
  await plantEffects(user.home);
  await lab.changeHostKeys();
  const { address: host, port, knownHosts } = lab;
  const connector = ssh({
    host,
    port,
    username: user.name,
    knownHosts,
    privateKeyPath: lab.key.path,
    password: "secret",
    sshConfig: false,
  });
  await using client = new RemoteClient(connector);
  const effects = new Effects(user.home);
  expect(await rejection(effects.call(client, "python", 1), ConnectError)).toMatchObject({ code: "host-key-changed" });
  expect(await effects.runs()).toEqual([]);
  const log = await lab.log();
  expect(log).not.toMatch(/Accepted |Failed |userauth-request for user/);
});

test("G04 a key that changed while a session was cut off is final: one attempt, no credential", async () => {
  await using lab = await startSshd();
  const user = await lab.addUser();
  const { address: host, port, knownHosts } = lab;
  const connector = ssh({ host, port, username: user.name, knownHosts, privateKeyPath: lab.key.path, sshConfig: false });
  await using client = new RemoteClient(connector);
  await client.doRemoteCall("os", "getpid", []);
  const failed = rejection(client.doRemoteCall("time", "sleep", [600]), SremoteError);
  const before = (await lab.log()).length;
  await lab.changeHostKeys();
  const error = await failed;
  expect([error, error.cause]).toContainEqual(expect.objectContaining({ code: "host-key-changed" }));
  const log = (await lab.log()).slice(before);
  expect(log.match(/SSH2_MSG_KEXINIT received/g), "one attempt").toHaveLength(1);
  expect(log).not.toMatch(/Accepted |Failed |userauth-request for user/);
});

describe.each(hostKinds.filter(({ name }) => name.includes("ssh")))("on $name", (kind) => {
  test.each(runtimesOn(kind))("G36 no agent is forwarded and no terminal is allocated, in %s", async (runtime) => {
    await using host = await kind.start();
    await using client = new RemoteClient(host.connector, { runtime });
    const variables =
      runtime === "python"
        ? (await client.doRemoteCall("builtins", "eval", ["dict(__import__('os').environ)"])).value
        : (await client.doRemoteCall("node:vm", "runInThisContext", ["({ ...globalThis.process.env })"])).value;
    expect(variables).toMatchObject({ HOME: host.home });
    for (const name of ["SSH_AUTH_SOCK", "SSH_TTY", "DISPLAY"]) expect(variables).not.toHaveProperty(name);
    const terminals =
      runtime === "python"
        ? (await client.doRemoteCall("builtins", "eval", ["[__import__('os').isatty(fd) for fd in (0, 1, 2)]"])).value
        : [(await client.doRemoteCall("node:tty", "isatty", [0])).value, (await client.doRemoteCall("node:tty", "isatty", [1])).value];
    expect(terminals).not.toContain(true);
  });
});

const noises = {
  "text and binary": "printf 'welcome\\n\\000\\377\\211SRM\\001binary'; printf 'warning\\377\\n' >&2\n",
  "set -x": "set -x\necho traced\n",
  "a look-alike of the marker":
    "printf '0123456789abcdef0123456789abcdefN\\nreason=interpreter\\ntried=nothing\\n'; printf '0123456789abcdef0123456789abcdef\\211SRM'\n",
};

const ways = (["auto", "spool"] as const).flatMap((transport) => runtimes.map((runtime) => ({ transport, runtime })));

describe.each(Object.entries(noises))("G10 login files that print %s", (_name, text) => {
  test.each(ways)(
    "G10 calls work, with and without the login environment, in $runtime, transport $transport",
    async ({ transport, runtime }) => {
      const lab = await sharedSshd();
      const files = { ".bashrc": `${text}export FROM_LOGIN=yes\n`, ".profile": `${text}export FROM_LOGIN=yes\n` };
      const user = await lab.addUser({ files });
      const { address: host, port, knownHosts } = lab;
      await using client = new RemoteClient(
        ssh({ host, port, username: user.name, knownHosts, privateKeyPath: lab.key.path, sshConfig: false }),
        { runtime, transport },
      );
      await plantEffects(user.home);
      for (const options of [{}, {}, { loginEnv: true }]) {
        const { value, stdout, stderr } = await new Effects(user.home).call(client, runtime, "through", options);
        expect({ value, stdout, stderr }).toEqual({ value: "through", stdout: "", stderr: "" });
      }
      const get =
        runtime === "python"
          ? (["os", "getenv", ["FROM_LOGIN"]] as const)
          : (["node:vm", "runInThisContext", ["globalThis.process.env.FROM_LOGIN"]] as const);
      expect((await client.doRemoteCall(get[0], get[1], get[2], { loginEnv: true })).value).toBe("yes");
      await client.probe();
    },
  );
});
