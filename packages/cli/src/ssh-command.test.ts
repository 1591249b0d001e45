/* The real command over a real sshd. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startSshd } from "../../../scripts/labs/sshd.ts";
import type { Account } from "../../../scripts/labs/users.ts";
import { type CommandHome, commandHome, asItIs } from "../../../test/support/command.ts";

const password = "correct horse battery staple";
let lab: Lab;
let user: Account;
let guarded: Account;
let home: CommandHome;

beforeAll(async () => {
  lab = await startSshd();
  user = await lab.addUser();
  guarded = await lab.addUser({ key: false, password });
  home = await commandHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  await lab.stop();
});

const fingerprint = (): string => lab.hostKeys[0]?.fingerprint ?? "";
const keyed = (): string[] => ["-F", "none", "-i", lab.key.path, "--host-key", fingerprint()];
const at = (account: Account): string => `${account.name}@${lab.address}:${lab.port}`;

test("calls a function on a host where nothing was installed", async () => {
  expect(await home.output("call", ...keyed(), at(user), "os.getenv", "HOME")).toBe(`${user.home}\n`);
  expect(await home.output("call", ...keyed(), `ssh://${at(user)}`, "node:os.homedir")).toBe(`${user.home}\n`);
});

test("the port can be an option", async () => {
  const { name } = user;
  expect(await home.output("call", ...keyed(), "-p", String(lab.port), `${name}@${lab.address}`, "getpass.getuser")).toBe(`${name}\n`);
});

test("through a jump host", async () => {
  const jump = at(user);
  // The key named for the destination is not the jump host's: that one comes from the agent or ssh_config.
  const config = join(home.directory, "config");
  await writeFile(config, `Host *\n  IdentityFile ${lab.key.path}\n  UserKnownHostsFile ${lab.knownHosts}\n`);
  expect(await home.output("call", "-F", config, "-J", jump, at(user), "os.getenv", "HOME")).toBe(`${user.home}\n`);
});

test("--openssh drives the system's ssh", async () => {
  const config = join(home.directory, "config-openssh");
  await writeFile(config, `Host *\n  UserKnownHostsFile ${lab.knownHosts}\n`);
  expect(await home.output("call", "--openssh", "-F", config, "-i", lab.key.path, at(user), "os.getenv", "HOME")).toBe(`${user.home}\n`);
});

test("an unknown host key is refused with 6, and the hint tells the option", async () => {
  const { exitCode, stderr } = await home.run("call", "-F", "none", "-i", lab.key.path, at(user), "os.getcwd");
  expect(stderr).toContain("--host-key accept-new");
  expect(exitCode).toBe(6);
});

test("another fingerprint is refused with 6", async () => {
  const other = `SHA256:${"A".repeat(43)}`;
  const { exitCode } = await home.run("call", "-F", "none", "-i", lab.key.path, "--host-key", other, at(user), "os.getcwd");
  expect(exitCode).toBe(6);
});

test("accept-new writes the key down, and the next time it is known", async () => {
  await using own = await commandHome();
  const { exitCode } = await own.run("call", "-F", "none", "-i", lab.key.path, "--host-key", "accept-new", at(user), "os.getcwd");
  expect(exitCode).toBe(0);
  expect(await readFile(join(own.directory, ".ssh/known_hosts"), "utf8")).toContain(lab.hostKeys[0]?.publicKey.split(" ")[1] ?? "no key");
  expect(await own.output("call", "-F", "none", "-i", lab.key.path, at(user), "os.getcwd")).toBe(`${user.home}\n`);
});

test("without a terminal no password is asked for: refused with 6", async () => {
  const { exitCode, stderr } = await home.run("call", "-F", "none", "--host-key", fingerprint(), at(guarded), "os.getcwd");
  expect(stderr).toContain("refused the credentials");
  expect(exitCode).toBe(6);
});

test("at a terminal the password is asked for, hidden, and again when it was wrong", async () => {
  const { exitCode, screen } = await atTerminal(
    ["call", "-F", "none", "--host-key", fingerprint(), at(guarded), "os.getcwd"],
    ["wrong", password],
  );
  expect(screen.match(/Password of /g)).toHaveLength(2);
  expect(screen).not.toContain(password);
  expect(screen).not.toContain("wrong");
  expect(screen).toContain(guarded.home);
  expect(exitCode).toBe(0);
});

test("at a terminal Ctrl-C at the question ends with 130", async () => {
  const { exitCode, screen } = await atTerminal(["call", "-F", "none", "--host-key", fingerprint(), at(guarded), "os.getcwd"], ["\u0003"]);
  expect(screen).toContain("Password of ");
  expect(exitCode).toBe(130);
});

test("the password of the host is not asked for when a jump host refuses", async () => {
  const { exitCode, screen } = await atTerminal(
    ["call", "-F", "none", "--host-key", "accept-new", "-J", at(guarded), "nobody@host.invalid", "os.getcwd"],
    [password],
  );
  expect(screen).toContain("refused the credentials");
  expect(screen).not.toContain("Password");
  expect(exitCode).toBe(6);
});

test("no password is asked for where a key is taken", async () => {
  const { exitCode, screen } = await atTerminal(["call", ...keyed(), at(user), "os.getcwd"], []);
  expect(screen).not.toContain("Password");
  expect(screen).toContain(user.home);
  expect(exitCode).toBe(0);
});

test("doctor over SSH tells what the host has, and which host refuses", async () => {
  expect(await home.output("doctor", ...keyed(), at(user))).toMatch(new RegExp(`^✓ ssh://${at(user)} can be reached[^]*home ${user.home}`));
  const { exitCode, stdout } = await home.run("doctor", "-F", "none", "--host-key", fingerprint(), at(guarded), "--json");
  expect(JSON.parse(stdout.toString())).toMatchObject({ ok: false, error: { code: "auth-failed" } });
  expect(exitCode).toBe(6);
});

/** Python's standard library opens a pseudo-terminal for the command, shows what it prints, and answers each question with the next line. */
const terminal = `
import json, os, pty, sys
command, answers = json.loads(sys.argv[1]), json.loads(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    os.execve(command[0], command, dict(os.environ, TERM="dumb"))
seen, asked = b"", 0
while True:
    try:
        chunk = os.read(fd, 4096)
    except OSError:
        break
    if not chunk:
        break
    seen += chunk
    while seen.count(b"Password of ") > asked and seen.endswith(b": ") and asked < len(answers):
        os.write(fd, answers[asked].encode() + b"\\r")
        asked += 1
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)
`;

async function atTerminal(args: readonly string[], answers: readonly string[]): Promise<{ exitCode: number | null; screen: string }> {
  const command = [process.execPath, ...asItIs, ...args];
  const child = spawn("/usr/bin/python3", ["-c", terminal, JSON.stringify(command), JSON.stringify(answers)], {
    env: home.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  return { exitCode: child.exitCode, screen: Buffer.concat(chunks).toString("utf8") };
}
