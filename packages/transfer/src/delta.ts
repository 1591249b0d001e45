/*
 * Only the differing parts of large files, by rsync on both sides, over our own connection: the local rsync starts a small program as its remote
 * shell, which hands command and streams to us, and we to a process on the host.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { orAborted, settledWithin } from "@sremote/connectors";
import { embedded } from "@sremote/endpoint";
import { programs } from "./generated/programs.ts";
import type { DirectoryTree } from "./directory-tree.ts";
import { type Entry, joinPath, type Listing, nameOf, parentOf } from "./entry.ts";
import type { Exchange } from "./exchange.ts";
import { decodeJson, encodeJson } from "./frame.ts";
import { hashLocal } from "./file-digest.ts";
import { messages } from "./message.ts";
import { forgetTemporary, temporaryName } from "./temporary.ts";
import type { Transfer } from "./transfer.ts";

/** Below, finding the differences takes longer than sending all. */
const worthIt = 1 << 20;
/** What rsync starts as its remote shell. */
const shellProgram = "rsync-shell.cjs";

export interface MadeFile {
  readonly directory: string;
  readonly path: string;
}

/** The files that are worth it, where it was asked for and a process can be had on the host. */
export function deltaFiles({ options, connector }: Transfer, exchange: Exchange, files: readonly Entry[], existing: Listing): Entry[] {
  if (options.check !== "delta" || connector.spawn === undefined || exchange.limit !== Infinity) return [];
  return files.filter((entry) => {
    const there = existing.entries.get(entry.path);
    // rsync's arguments are text here.
    return there?.type === "file" && Math.min(entry.size, there.size) >= worthIt && entry.path.isWellFormed();
  });
}

export interface WantedFile {
  readonly root: string;
  readonly path: string;
  readonly size: number;
  readonly mode: number | null;
  readonly time: number | null;
}

/** A socket at which one rsync after the other finds the way to the host. */
export class Rsync implements AsyncDisposable {
  /** Bytes that came and went through it. */
  carried = 0;
  readonly #transfer: Transfer;
  readonly #directory: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(transfer: Transfer, directory: string, server: Server) {
    this.#transfer = transfer;
    this.#directory = directory;
    this.#server = server;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
      // rsync says what it lacks by its exit status.
      this.#carry(socket).catch(() => socket.destroy());
    });
  }

  static async start(transfer: Transfer): Promise<Rsync> {
    const directory = await mkdtemp(join(tmpdir(), "sremote-rsync-"));
    await chmod(directory, 0o700);
    await writeFile(join(directory, shellProgram), embedded(programs, shellProgram), { mode: 0o600 });
    const server = createServer({ allowHalfOpen: true });
    server.listen(join(directory, "s"));
    await once(server, "listening");
    return new Rsync(transfer, directory, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** False when rsync could not do it, for whatever reason: nothing is changed then. */
  async push(exchange: Exchange, source: string, follow: boolean, wanted: WantedFile): Promise<boolean> {
    const path = await this.#ask(exchange, { step: "begin", root: wanted.root, path: wanted.path });
    if (typeof path !== "string" || !path.isWellFormed()) return false;
    const sha256 = hashLocal(source, follow, wanted.size, this.#transfer.signal);
    sha256.catch(() => {}); // It is awaited below.
    const made = await this.#run(resolve(source), `host:${path}`, follow);
    if (!made) {
      await this.#ask(exchange, { step: "drop" });
      return false;
    }
    const { size, mode, time } = wanted;
    return (await this.#ask(exchange, { step: "finish", size, mode, time, sha256: await sha256 })) === "";
  }

  /** Makes the file in a directory of its own beside where it belongs. Undefined when rsync could not. */
  async pull(exchange: Exchange, named: string, follow: boolean, tree: DirectoryTree, path: string): Promise<MadeFile | undefined> {
    const source = await this.#ask(exchange, { step: "where", path: named });
    // rsync on the host takes these in a name for a pattern, and might find another file by it.
    if (typeof source !== "string" || !source.isWellFormed() || /[*?[\]\\]/.test(source)) return undefined;
    const directory = joinPath(joinPath(resolve(tree.path), parentOf(path)), temporaryName(nameOf(path)));
    await mkdir(directory, { mode: 0o700 });
    const made = { directory, path: joinPath(directory, nameOf(path)) };
    let done = false;
    try {
      done = await this.#run(`host:${source}`, made.path, follow);
    } finally {
      if (!done) await rm(directory, { recursive: true, force: true });
      forgetTemporary(nameOf(directory));
    }
    return done ? made : undefined;
  }

  async #ask(exchange: Exchange, request: Record<string, unknown>): Promise<unknown> {
    let answer: unknown;
    const asked = exchange.request([encodeJson(messages.request, { op: "delta", ...request })], ({ kind, payload }) => {
      if (kind === messages.report) ({ answer } = decodeJson(payload) as { answer?: unknown });
    });
    await orAborted(asked, this.#transfer.signal);
    return answer;
  }

  async #run(from: string, to: string, follow: boolean): Promise<boolean> {
    const shell = [process.execPath, join(this.#directory, shellProgram), join(this.#directory, "s")].map((word) => `"${word}"`).join(" ");
    // -s: arguments travel by rsync's own protocol, no shell sees them. -I: that they differ is known.
    const args = ["-s", "-I", "--no-whole-file", "--compare-dest=..", ...(follow ? ["-L"] : []), "-e", shell, "--", from, to];
    const child = spawn("rsync", args, { stdio: "ignore", signal: this.#transfer.signal, killSignal: "SIGTERM" });
    const { promise, resolve: settle } = Promise.withResolvers<boolean>();
    child.once("error", () => settle(false)).once("close", (code) => settle(code === 0));
    const done = await promise;
    this.#transfer.signal.throwIfAborted();
    return done;
  }

  #counter(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, callback) => {
        this.carried += chunk.length;
        callback(null, chunk);
      },
    });
  }

  async #carry(socket: Socket): Promise<void> {
    const { command, rest } = await readCommand(socket);
    const remote = await this.#transfer.connector.spawn!(command, { signal: this.#transfer.signal });
    try {
      remote.stderr.on("error", () => {}).resume();
      if (rest.length > 0) socket.unshift(rest);
      const out = pipeline(remote.stdout, this.#counter(), socket);
      const back = pipeline(socket, this.#counter(), remote.stdin);
      back.catch(() => {}); // The host's rsync may end before it has read all.
      await out;
      await settledWithin(remote.exit, 1000);
    } finally {
      await remote[Symbol.asyncDispose]();
    }
  }
}

/** The first line: what to run, as JSON. */
async function readCommand(socket: Socket): Promise<{ command: [string, ...string[]]; rest: Buffer }> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<{ command: [string, ...string[]]; rest: Buffer }>();
  let all = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    all = Buffer.concat([all, chunk]);
    const end = all.indexOf("\n");
    if (end < 0) return;
    socket.pause().off("data", take);
    settle({ command: JSON.parse(all.subarray(0, end).toString()) as [string, ...string[]], rest: all.subarray(end + 1) });
  };
  socket.on("data", take).once("close", () => reject(new Error("the remote shell of rsync ended")));
  return await promise;
}
