/*
 * An SSH server in this process, for demonstrations where no sshd is installed. ssh2's own Server on loopback;
 * commands run through /bin/sh as the current user, with a home directory of their own.
 */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Transform } from "node:stream";
import ssh2 from "ssh2";
import { newKeyPair } from "./ssh2-key.ts";
import { portOf } from "./port.ts";
import type { AuthContext, Connection, ParsedKey, ServerChannel, Session } from "ssh2";

export interface EmbeddedSshOptions {
  /** Home directory of the commands. Default: a fresh one, removed at the end. */
  home?: string;
  /** Default `demo`. */
  username?: string;
  /** Default `127.0.0.1`. */
  address?: string;
  /** More environment for the commands; they get HOME, USER, SHELL and PATH. */
  env?: Readonly<Record<string, string>>;
  /** Shows its host key but signs with another one, as a host that knows only the public half does. */
  forgesHostKey?: boolean;
  /** Lets everybody in who asks with the method `none`, as hosts do where something else guards the way. */
  letsEverybodyIn?: boolean;
  /** Through which goes what a command prints on stdout. */
  output?: () => Transform;
}

export interface EmbeddedSsh extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly home: string;
  /** The only key that is let in, in OpenSSH format. */
  readonly privateKey: string;
  readonly privateKeyPath: string;
  /** Of the host key: `SHA256:…`. */
  readonly fingerprint: string;
  /** A known_hosts file with the host key. */
  readonly knownHosts: string;
  /** Connections that were let in so far. */
  readonly loginCount: number;
  readonly connectionCount: number;
  /** Requests for authentication, of whatever method. */
  readonly authenticationCount: number;
  /** Exchanges keys anew on all connections, showing another host key. Resolves when a client has accepted it. */
  exchangeWithAnotherKey(): Promise<void>;
  /** Shows that other host key to new connections, too. */
  keepOtherKey(): void;
  /** Ends the server, its connections and the commands that run. */
  stop(): Promise<void>;
}

export async function startEmbeddedSsh(options: EmbeddedSshOptions = {}): Promise<EmbeddedSsh> {
  const directory = await mkdtemp(join(tmpdir(), "sremote-embedded-"));
  const home = options.home ?? (await mkdtemp(join(directory, "home-")));
  const server = new EmbeddedServer(directory, home, options);
  await server.listen();
  return server;
}

class EmbeddedServer implements EmbeddedSsh {
  readonly address: string;
  port = 0;
  readonly username: string;
  readonly home: string;
  readonly privateKey: string;
  readonly privateKeyPath: string;
  readonly fingerprint: string;
  readonly knownHosts: string;
  readonly #directory: string;
  readonly #env: Record<string, string>;
  readonly #letsEverybodyIn: boolean;
  readonly #output: () => Transform;
  readonly #server: InstanceType<typeof ssh2.Server>;
  readonly #hostKey: { private: string; public: string };
  readonly #userKey: Buffer;
  readonly #connections = new Set<Connection>();
  loginCount = 0;
  connectionCount = 0;
  authenticationCount = 0;
  #otherKey: ParsedKey | undefined;
  /** What new connections see instead of the host key. */
  #shownKey: ParsedKey | undefined;
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  constructor(directory: string, home: string, options: EmbeddedSshOptions) {
    this.#directory = directory;
    this.address = options.address ?? "127.0.0.1";
    this.username = options.username ?? "demo";
    this.home = home;
    this.#hostKey = newKeyPair();
    const userKey = newKeyPair();
    this.privateKey = userKey.private;
    this.privateKeyPath = join(directory, "user_key");
    this.knownHosts = join(directory, "known_hosts");
    this.#userKey = publicBlob(userKey.public);
    this.fingerprint = `SHA256:${createHash("sha256").update(publicBlob(this.#hostKey.public)).digest("base64").replace(/=+$/, "")}`;
    this.#env = {
      HOME: home,
      USER: this.username,
      LOGNAME: this.username,
      SHELL: "/bin/sh",
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      ...options.env,
    };
    this.#letsEverybodyIn = options.letsEverybodyIn === true;
    this.#output = options.output ?? (() => new PassThrough());
    if (options.forgesHostKey === true) this.#shownKey = forged(this.#hostKey.private);
    this.#server = new ssh2.Server({ hostKeys: [this.#hostKey.private] }, (connection) => this.#accept(connection));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, this.address, () => {
        this.port = portOf(this.#server);
        resolve();
      });
    });
    await writeFile(this.privateKeyPath, this.privateKey);
    await chmod(this.privateKeyPath, 0o600);
    await writeFile(this.knownHosts, `[${this.address}]:${this.port} ${this.#hostKey.public}\n`);
  }

  exchangeWithAnotherKey(): Promise<void> {
    const other = (this.#otherKey ??= parsed(newKeyPair().private));
    return new Promise((resolve) => {
      for (const connection of this.#connections) {
        replaceHostKey(connection, other);
        connection.rekey(resolve);
      }
    });
  }

  keepOtherKey(): void {
    this.#shownKey = this.#otherKey;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) endGroup(child);
    for (const connection of this.#connections) connection.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #accept(connection: Connection): void {
    this.#connections.add(connection);
    this.connectionCount += 1;
    if (this.#shownKey !== undefined) replaceHostKey(connection, this.#shownKey);
    // As on the client's side, or each small message waits for an acknowledgement. The types do not know it.
    if ("setNoDelay" in connection && typeof connection.setNoDelay === "function") connection.setNoDelay(true);
    // A client that resets its connection is none of the server's errors.
    connection.on("error", () => undefined);
    connection.on("close", () => this.#connections.delete(connection));
    connection.on("authentication", (context) => this.#authenticate(context));
    connection.on("ready", () => (this.loginCount += 1));
    connection.on("session", (accept) => this.#serve(accept()));
  }

  #authenticate(context: AuthContext): void {
    this.authenticationCount += 1;
    if (context.method === "none" && this.#letsEverybodyIn) return context.accept();
    if (context.method !== "publickey" || context.username !== this.username || !context.key.data.equals(this.#userKey)) {
      context.reject(["publickey"]);
      return;
    }
    if (context.signature === undefined) return context.accept();
    const key = ssh2.utils.parseKey(`${context.key.algo.replace(/^rsa-sha2-.*/, "ssh-rsa")} ${context.key.data.toString("base64")}`);
    const good = !(key instanceof Error) && context.blob !== undefined && key.verify(context.blob, context.signature, context.hashAlgo);
    if (good) context.accept();
    else context.reject(["publickey"]);
  }

  #serve(session: Session): void {
    let child: ChildProcessWithoutNullStreams | undefined;
    session.on("exec", (accept, _reject, { command }) => {
      child = this.#run(command, accept());
    });
    session.on("signal", (accept, _reject, { name }) => {
      accept?.();
      if (child !== undefined) endGroup(child, `SIG${name}`);
    });
  }

  #run(command: string, channel: ServerChannel): ChildProcessWithoutNullStreams {
    // A group of its own, as sshd makes it, so that the whole of a command can be ended.
    const child = spawn("/bin/sh", ["-c", command], { cwd: this.home, env: this.#env, detached: true });
    this.#children.add(child);
    // Either side may stop reading; the exit status tells the rest.
    for (const stream of [child.stdin, channel, channel.stderr]) stream.on("error", () => undefined);
    channel.pipe(child.stdin);
    const output = this.#output();
    child.stdout.pipe(output).pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on("error", (error) => {
      channel.stderr.write(`${error.message}\n`);
      channel.exit(127);
      channel.end();
    });
    let exited = false;
    channel.on("close", () => {
      child.stdin.destroy();
      child.stdout.resume();
      child.stderr.resume();
      // As with sshd, a command that goes on without its channel is not ended, only cut off.
      if (!exited) child.stdout.destroy();
    });
    child.on("close", (code, signal) => {
      exited = true;
      this.#children.delete(child);
      if (!output.readableEnded && channel.writable) output.once("end", () => end(code, signal));
      else end(code, signal);
    });
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (signal === null) channel.exit(code ?? 255);
      else channel.exit(signal.replace("SIG", ""));
      channel.end();
    };
    return child;
  }
}

/* oxlint-disable no-underscore-dangle, typescript/no-unsafe-type-assertion -- ssh2 has no way to replace a key of a connection; these are its own names */
function replaceHostKey(connection: Connection, key: ParsedKey): void {
  const { _protocol: protocol } = connection as unknown as { _protocol: { _hostKeys: Record<string, ParsedKey> } };
  protocol._hostKeys = { ...protocol._hostKeys, "ssh-ed25519": key };
}
/* oxlint-enable no-underscore-dangle, typescript/no-unsafe-type-assertion */

function parsed(privateKey: string): ParsedKey {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key;
}

function forged(privateKey: string): ParsedKey {
  const key = parsed(privateKey);
  const other = parsed(newKeyPair().private);
  key.sign = (data, algorithm) => other.sign(data, algorithm);
  return key;
}

function publicBlob(line: string): Buffer {
  return Buffer.from(line.split(" ")[1] ?? "", "base64");
}

function endGroup(child: ChildProcessWithoutNullStreams, signal = "SIGKILL"): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
