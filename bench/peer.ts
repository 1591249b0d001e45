/* A peer's driver: a Python program that speaks a line of JSON for each request. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type PeerName, peersPython } from "../scripts/setup-peers.ts";

export interface OpenOptions {
  /** Lets ssh compress, as mitogen and execnet do unless told otherwise. Default false, which is faster on loopback. */
  compression?: boolean;
  /** Makes ssh use the key exchange that ssh2 uses, not its own slower one of today's default. */
  fair?: boolean;
}

type Answer = { ms?: number; times?: number[]; error?: string };

export class Peer implements AsyncDisposable {
  readonly name: PeerName;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param host name of a `Host` in the ssh_config file */
  constructor(name: PeerName, host: string, sshConfig: string, python: string) {
    this.name = name;
    const program = fileURLToPath(new URL(`peers/${name}_driver.py`, import.meta.url));
    const child = spawn(peersPython, [program, host, sshConfig, python], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Connects and makes a first call; milliseconds. */
  async open({ compression = false, fair = false }: OpenOptions = {}): Promise<number> {
    return (await this.#ask({ do: "open", compression, fair })).ms!;
  }

  /** Milliseconds of each of so many calls of os.getpid, one after the other. */
  async warm(count: number): Promise<number[]> {
    return (await this.#ask({ do: "warm", count })).times!;
  }

  /** Milliseconds for so many calls of os.getpid, all outstanding together. */
  async outstanding(count: number): Promise<number> {
    return (await this.#ask({ do: "outstanding", count })).ms!;
  }

  /** Milliseconds for so many calls of abs with a number each, all outstanding together. */
  async many(count: number): Promise<number> {
    return (await this.#ask({ do: "many", count })).ms!;
  }

  /** Milliseconds for so many bytes there and back. */
  async echo(size: number): Promise<number> {
    return (await this.#ask({ do: "echo", size })).ms!;
  }

  async close(): Promise<void> {
    await this.#ask({ do: "close" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    // At the end of its input the driver closes its connection and ends. A thread of a library may keep it.
    this.#child.stdin!.end();
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(killer);
  }

  async #ask(request: Record<string, unknown>): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the driver of ${this.name} ended`);
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
    return answer;
  }
}
