/* SSH servers other than OpenSSH, with an account of their own. Need root and Debian's dropbear-bin or tinysshd. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { makeKey } from "./keys.ts";
import { freePort, portOf } from "./port.ts";
import { run } from "./run.ts";
import { createAccount, removeAccounts } from "./users.ts";
import { isListening, until } from "./wait.ts";

export interface OtherServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly privateKeyPath: string;
  /** A known_hosts file with the host's key. */
  readonly knownHosts: string;
}

const address = "127.0.0.1";

interface Ground extends AsyncDisposable {
  directory: string;
  username: string;
  privateKeyPath: string;
}

/** Both servers want a home below directories that nobody else may write to, which /tmp is not. */
async function prepare(): Promise<Ground> {
  const directory = await mkdtemp("/var/lib/sremote-server-");
  await chmod(directory, 0o755);
  const home = join(directory, "home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const account = await createAccount(home, "/bin/sh", undefined);
  const key = await makeKey(join(directory, "user_key"));
  await writeFile(join(home, ".ssh", "authorized_keys"), `${key.publicKey}\n`, { mode: 0o600 });
  for (const path of [home, join(home, ".ssh"), join(home, ".ssh", "authorized_keys")]) await chown(path, account.uid, account.gid);
  const dispose = async (): Promise<void> => {
    await removeAccounts([account]);
    await rm(directory, { recursive: true, force: true });
  };
  return { directory, username: account.name, privateKeyPath: key.path, [Symbol.asyncDispose]: dispose };
}

/** Dropbear tells what it does, and why it ended a connection. */
export interface Dropbear extends OtherServer {
  log(): string;
}

export async function startDropbear(): Promise<Dropbear> {
  const { directory, username, privateKeyPath, [Symbol.asyncDispose]: dispose } = await prepare();
  const hostKey = join(directory, "host_key");
  const shown = await run("dropbearkey", ["-t", "ed25519", "-f", hostKey]);
  const port = await freePort(address);
  const child = spawn("dropbear", ["-F", "-E", "-r", hostKey, "-p", `${address}:${port}`, "-P", join(directory, "pid")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (text: Buffer) => (log += text.toString()));
  await until("dropbear to listen", () => isListening(address, port));
  const knownHosts = await writeKnownHosts(directory, port, /^ssh-ed25519 \S+/m.exec(shown)?.[0] ?? "");
  const stop = async (): Promise<void> => {
    await end(child);
    await dispose();
  };
  return { address, port, username, privateKeyPath, knownHosts, log: () => log, [Symbol.asyncDispose]: stop };
}

/** tinyssh serves one connection on its standard input and output. */
export async function startTinyssh(): Promise<OtherServer> {
  const { directory, username, privateKeyPath, [Symbol.asyncDispose]: dispose } = await prepare();
  const keys = join(directory, "keys");
  await run("tinysshd-makekey", ["-q", keys]);
  const shown = await run("tinysshd-printkey", [keys]);
  const children = new Set<ChildProcess>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const child = spawn("tinysshd", ["-l", keys], { stdio: [socket, socket, "ignore"] });
    children.add(child);
    child.on("exit", () => children.delete(child));
    // The child has the connection now.
    socket.destroy();
  });
  server.listen(0, address);
  await once(server, "listening");
  const port = portOf(server);
  const knownHosts = await writeKnownHosts(directory, port, /^ssh-ed25519 \S+/m.exec(shown)?.[0] ?? "");
  const stop = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
    await Promise.all(Array.from(children, end));
    await dispose();
  };
  return { address, port, username, privateKeyPath, knownHosts, [Symbol.asyncDispose]: stop };
}

async function writeKnownHosts(directory: string, port: number, key: string): Promise<string> {
  const path = join(directory, "known_hosts");
  await writeFile(path, `[${address}]:${port} ${key}\n`);
  return path;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
