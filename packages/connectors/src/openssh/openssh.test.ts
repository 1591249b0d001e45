/* What is special about the system's ssh: its own failures told from the command's, and nothing left behind. */
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { ConnectError } from "@sremote/protocol";
import { afterAll, assert, beforeAll, describe, expect, test } from "vitest";
import { makeKey } from "../../../../scripts/labs/keys.ts";
import { findProcesses } from "../../../../scripts/labs/processes.ts";
import { startProxy } from "../../../../scripts/labs/proxy.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { until } from "../../../../scripts/labs/wait.ts";
import type { Connector } from "../connector.ts";
import { shell } from "../connector.ts";
import { openssh } from "./index.ts";
import type { OpenSshOptions } from "./index.ts";

let lab: Lab;
let user: Account;
beforeAll(async () => {
  lab = await startSshd();
  user = await lab.addUser();
});
afterAll(() => lab?.stop());

function open(more: Partial<OpenSshOptions> = {}): Connector {
  const target = { host: lab.address, port: lab.port, username: user.name, privateKeyPath: lab.key.path };
  return openssh({ ...target, knownHosts: lab.knownHosts, sshConfig: false, ...more });
}
const ourDirectories = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith("sremote-ssh-")).toSorted();

test("~ in the name of a configuration file or of the program is the account's home", async () => {
  const home = await mkdtemp(join(userInfo().homedir, ".sremote-test-"));
  try {
    const name = basename(home);
    await writeFile(join(home, "config"), `Host the-alias\n  HostName ${lab.address}\n  Port ${lab.port}\n  User ${user.name}\n`);
    await writeFile(join(home, "program"), '#!/bin/sh\nexec ssh "$@"\n', { mode: 0o755 });
    const target = { host: "the-alias", port: undefined, username: undefined };
    await using connector = open({ ...target, sshConfig: `~/${name}/config`, program: `~/${name}/program` });
    expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  } finally {
    await rm(home, { recursive: true });
  }
});

test("a start that the host undoes is made again, however late that is", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sremote-late-"));
  const program = join(directory, "ssh");
  // The ssh of the second command finds its channel closed, after longer than a busy host may take; the others are real.
  const script = `case " $* " in *" -N "*|*" -O "*) exec ssh "$@" ;; esac
mkdir ${directory}/first 2>/dev/null && exec ssh "$@"
mkdir ${directory}/second 2>/dev/null && sleep 1.8 && exit 255
exec ssh "$@"`;
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  try {
    await using connector = open({ program });
    await using _ = await connector.spawn!(["sleep", "600"]);
    expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
    expect(await readdir(directory)).toContain("second");
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a start-up file that reads standard input goes on at its end, also of commands that start at once", async () => {
  const reader = await lab.addUser({ shell: "/bin/bash" });
  await writeFile(join(reader.home, ".bashrc"), "cat > /dev/null\n");
  await using connector = open({ username: reader.name, startTimeout: 15_000 });
  const results = await Promise.all(Array.from({ length: 3 }, () => connector.exec(["echo", "begun"])));
  expect(results.map(({ exitCode, stdout }) => [exitCode, Buffer.from(stdout).toString()])).toEqual(results.map(() => [0, "begun\n"]));
});

test("a command that is begun when the host has died is lost with its link, and not one that a shell does not start", async () => {
  await using proxy = await startProxy({ host: lab.address, port: lab.port });
  const to = { host: proxy.address, port: proxy.port, sshOptions: { HostKeyAlias: `[${lab.address}]:${lab.port}` }, startTimeout: 500 };
  await using connector = open(to);
  expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  proxy.blackhole();
  const lost = { code: "connection-lost", message: expect.stringMatching(/the link to the host was lost: .* no sign of life/) as string };
  await expect(connector.exec(["true"])).rejects.toMatchObject(lost);
  await using process = await connector.spawn!(["cat"]);
  await expect(process.exit).rejects.toMatchObject(lost);
});

test("a connection that ends between the credentials and the command is a lost one, and not one that was never made", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sremote-early-"));
  const program = join(directory, "ssh");
  // As ssh writes it into its log, whose name is the second argument.
  await writeFile(program, `#!/bin/sh\necho 'Authenticated to host ([127.0.0.1]:22) using "publickey".' > "$2"\nexit 255\n`, {
    mode: 0o755,
  });
  try {
    await using connector = open({ program, multiplex: false });
    await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "connection-lost" });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a shell that starts no command on a host that is there is told as such", async () => {
  const slow = await lab.addUser({ shell: "/bin/bash" });
  await using connector = open({ username: slow.name, startTimeout: 1000 });
  expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  await writeFile(join(slow.home, ".bashrc"), "sleep 60\n");
  await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "channel-failed" });
});

describe.each([true, false])("with multiplex: %s", (multiplex) => {
  test("G02 255 is the command's own, and stderr holds nothing of ssh's", async () => {
    await using connector = open({ multiplex });
    const result = await connector.exec(shell("printf 'a\\0\\377' >&2; exit 255"));
    expect(result).toMatchObject({ exitCode: 255, signal: null });
    expect(Buffer.from(result.stderr).toString("hex")).toBe("6100ff");
  });

  test("G02 a lost link is connection-lost", async () => {
    await using proxy = await startProxy({ host: lab.address, port: lab.port });
    const alias = { HostKeyAlias: `[${lab.address}]:${lab.port}` };
    await using connector = open({ multiplex, host: proxy.address, port: proxy.port, sshOptions: alias });
    // Other suites run sleeps at the same time.
    const sleep = `sleep 300.${process.pid}${Date.now()}`;
    const waiting = connector.exec(shell(sleep)).catch((error: unknown) => error);
    await until("the command has begun", async () => (await findProcesses(({ command }) => command === sleep)).length > 0);
    proxy.cut();
    expect(await waiting).toMatchObject({ code: "connection-lost" });
    proxy.restore();
    expect(await connector.exec(["pkill", "-u", user.name, "-x", "sleep"])).toMatchObject({ exitCode: 0 });
  });

  test("G36 no terminal, no X11, no agent, also when the user's ssh_config asks for them", async () => {
    await using connector = open({ multiplex, sshOptions: { ForwardAgent: "yes", ForwardX11: "yes", RequestTTY: "force" } });
    const { stdout } = await connector.exec(shell('tty; echo "display=$DISPLAY agent=$SSH_AUTH_SOCK tty=$SSH_TTY"'));
    expect(Buffer.from(stdout).toString()).toBe("not a tty\ndisplay= agent= tty=\n");
  });

  test("refusals have their codes", async () => {
    const stranger = await makeKey(join(lab.directory, `stranger-${multiplex}`));
    const failures: [Partial<OpenSshOptions>, string][] = [
      [{ privateKeyPath: stranger.path }, "auth-failed"],
      [{ port: 1 }, "connect-refused"],
      [{ host: "no-such-host.invalid" }, "name-not-found"],
      [{ program: "no-such-ssh" }, "unsupported"],
      [{ sshOptions: { NoSuchOption: "x" } }, "connect-failed"],
    ];
    for (const [more, code] of failures) {
      await using connector = open({ multiplex, ...more });
      const error = await connector.exec(["true"]).catch((reason: unknown) => reason);
      assert(error instanceof ConnectError, String(error));
      expect(error.code, error.message).toBe(code);
      expect(await connector.status()).toMatchObject({ ok: false, error: { code } });
    }
  });
});

test("commands share one connection through a private directory, and close leaves nothing", async () => {
  const before = await ourDirectories();
  await using proxy = await startProxy({ host: lab.address, port: lab.port });
  const connector = open({ host: proxy.address, port: proxy.port, sshOptions: { HostKeyAlias: `[${lab.address}]:${lab.port}` } });
  await Promise.all(Array.from({ length: 12 }, () => connector.exec(["true"])));
  expect(proxy.accepted).toBe(1);
  const [own] = (await ourDirectories()).filter((name) => !before.includes(name));
  assert(own !== undefined);
  expect((await stat(join(tmpdir(), own))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(tmpdir(), own)), "logs are removed").toHaveLength(2);
  await connector.close();
  expect(await ourDirectories()).not.toContain(own);
  expect(await findProcesses(({ command }) => command.includes(own))).toEqual([]);
});

test("G27 what goes over standard input is in no argument list while it is on its way, and in no log", async () => {
  await using connector = open();
  const secret = "canary-on-stdin";
  const seen = await connector.exec(shell("cat >/dev/null; ps -A -o args="), { stdin: Buffer.from(secret) });
  expect(seen.exitCode).toBe(0);
  expect(Buffer.from(seen.stdout).toString(), "the list has ssh itself in it").toContain(user.name);
  expect(Buffer.from(seen.stdout).toString()).not.toContain(secret);
  expect(await lab.log()).not.toContain(secret);
});
