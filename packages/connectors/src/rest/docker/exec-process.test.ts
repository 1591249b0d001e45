/* Commands whose engine ends the connection before it has read their input: what it had sent before is theirs. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { buffer, json } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { ConnectError } from "@sremote/protocol";
import { docker } from "./index.ts";

/** More than the streams of this process hold between the connection and who reads, and less than the system holds for the connection. */
const size = 180_000;

function frame(stream: 1 | 2, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

/** An engine with one container, whose commands say something and end without having read a byte. */
class DeafEngine implements AsyncDisposable {
  readonly socketPath: string;
  readonly #directory: string;
  readonly #server: Server;
  readonly #ended = Promise.withResolvers<void>();
  #marker = "";
  /** What commands print. */
  output: Uint8Array = Buffer.alloc(size, "output ");
  /** Bytes of the output's last frame that are never sent. */
  missing = 0;
  /** What it tells of how commands ended. */
  exitCode = 5;
  /** Commands say nothing before there is input, of which the engine takes no more than it must. */
  waitsForInput = false;

  private constructor(directory: string) {
    this.#directory = directory;
    this.socketPath = join(directory, "engine.sock");
    this.#server = createServer((request, response) => void this.#answer(request, response)).on(
      "upgrade",
      (_request, socket: Duplex) => void this.#run(socket),
    );
  }

  static async start(): Promise<DeafEngine> {
    const engine = new DeafEngine(await mkdtemp(join(tmpdir(), "sremote-deaf-")));
    engine.#server.listen(engine.socketPath);
    await once(engine.#server, "listening");
    return engine;
  }

  /** Resolves when the engine has closed the connection of a command. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.#directory, { recursive: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (value: unknown): unknown => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (request.method === "GET") return void answer({ Running: false, ExitCode: this.exitCode });
    const { Env: variables } = (await json(request)) as { Env?: string[] };
    // A command of ours, which ends another, has none.
    if (variables !== undefined) this.#marker = variables.join().replace("SREMOTE_EXEC=", "");
    answer({ Id: "ab12" });
  }

  async #run(socket: Duplex): Promise<void> {
    socket.on("error", () => {}).once("close", () => this.#ended.resolve());
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    socket.write(frame(2, Buffer.from(`${this.#marker} 42\n`)));
    if (this.waitsForInput) await once(socket, "readable");
    const said = frame(1, this.output);
    // The system takes all of it before anybody has read; then the connection is closed, whatever came over it.
    socket.write(said.subarray(0, said.length - this.missing), () => socket.destroy());
  }
}

describe("an engine that closes the connection with input unread", () => {
  let engine: DeafEngine;
  afterEach(() => engine[Symbol.asyncDispose]());

  test("G31 a write that fails takes away no output that was sent before, and not the exit code", async () => {
    engine = await DeafEngine.start();
    await using connector = docker({ container: "box", socketPath: engine.socketPath });
    const process = await connector.spawn!(["true"]);
    await engine.ended;
    // Nothing was read yet: the rest of the output is still with the system when the write fails.
    const written = await new Promise<Error | null | undefined>((resolve) => process.stdin.on("error", () => {}).write("input", resolve));
    expect(written).toMatchObject({ code: "EPIPE" });
    process.stderr.resume();
    expect((await buffer(process.stdout)).equals(engine.output)).toBe(true);
    expect(await process.exit).toEqual({ exitCode: 5, signal: null });
  });

  test("G31 a connection that is reset takes away no output that was sent before, and not the exit code", async () => {
    engine = await DeafEngine.start();
    engine.waitsForInput = true;
    await using connector = docker({ container: "box", socketPath: engine.socketPath });
    const process = await connector.spawn!(["true"]);
    process.stderr.resume();
    // Less than the system holds, so that no write fails, and more than the engine's side takes from it: what is left there makes the end a reset.
    const written = await new Promise<Error | null | undefined>((resolve) => process.stdin.write(Buffer.alloc(150_000), resolve));
    expect(written ?? undefined).toBeUndefined();
    await engine.ended;
    expect((await buffer(process.stdout)).equals(engine.output)).toBe(true);
    expect(await process.exit).toEqual({ exitCode: 5, signal: null });
  });

  test("G31 a command whose input could not be sent whole has not succeeded, though the engine says 0", async () => {
    engine = await DeafEngine.start();
    engine.exitCode = 0;
    await using connector = docker({ container: "box", socketPath: engine.socketPath });
    // So much that a shell reads away what the command leaves of it.
    const error: unknown = await connector.exec(["cat"], { stdin: Buffer.alloc(1_000_000) }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "connection-lost",
      message: expect.stringContaining("only a part of the command's input"),
      cause: { code: "EPIPE" },
    });
  });

  test("G02 an exit code that the engine does not know is none", async () => {
    engine = await DeafEngine.start();
    engine.exitCode = -1;
    await using connector = docker({ container: "box", socketPath: engine.socketPath });
    const error: unknown = await connector.exec(["true"]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "connection-lost", message: expect.stringContaining("without an exit code") });
  });

  test("G31 output that breaks off in the middle of a frame is a lost connection, whatever the engine says of the command", async () => {
    engine = await DeafEngine.start();
    engine.missing = 1;
    await using connector = docker({ container: "box", socketPath: engine.socketPath });
    for (const stdin of [Buffer.alloc(0), Buffer.alloc(1_000_000)]) {
      const error: unknown = await connector.exec(["true"], { stdin }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ code: "connection-lost" });
    }
  });
});
