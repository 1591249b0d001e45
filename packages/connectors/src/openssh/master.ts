/* The shared connection: one ssh that holds it, whose socket others use. */
import { ConnectError } from "@sremote/protocol";
import { setTimeout as delay } from "node:timers/promises";
import { reportedCommand } from "./command.ts";
import { opensshError, wasDropped } from "./openssh-error.ts";
import type { SshChild } from "./ssh-child.ts";
import { startSsh } from "./ssh-child.ts";

/** A busy sshd drops connections at random; nothing was offered to it then. */
const retries = 4;

export interface MasterOptions {
  program: string;
  /** All arguments but those about sharing and the destination. */
  args: readonly string[];
  destination: string;
  socket: string;
  /** A fresh path for a log. */
  logFile(): string;
  label: string;
}

/**
 * Holds the connection until it is ended. The master runs `cat` on the host, whose input is a pipe from this process: when this process
 * ends in whatever way, so do the `cat` and the master.
 */
export class Master {
  readonly #ssh: SshChild;
  #open = true;

  private constructor(ssh: SshChild) {
    this.#ssh = ssh;
    const closed = (): void => {
      this.#open = false;
    };
    ssh.exited.then(closed, closed);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** @throws ConnectError; the signal's reason when it is aborted */
  static async open(options: MasterOptions, signal: AbortSignal): Promise<Master> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await attemptMaster(options, signal);
      if (!("log" in result)) return new Master(result);
      signal.throwIfAborted();
      if (!wasDropped(result.log) || attempt > retries) throw result.error;
      await delay(Math.random() * 100 * 2 ** attempt, undefined, { signal });
    }
  }

  /** Ends the connection and everything that uses it. */
  async end(): Promise<void> {
    const { child, exited } = this.#ssh;
    // SIGTERM lets ssh remove its socket.
    child.stdin.destroy();
    child.kill("SIGTERM");
    await exited;
    await this.#ssh.takeLog();
  }
}

async function attemptMaster(options: MasterOptions, signal: AbortSignal): Promise<SshChild | { log: string; error: ConnectError }> {
  const { program, args, destination, socket, label } = options;
  const { line, marker } = reportedCommand(["cat"]);
  const shared = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-S", socket];
  const ssh = startSsh(program, [...args, ...shared, "--", destination, line], options.logFile(), label);
  const abort = (): void => void ssh.child.kill("SIGTERM");
  signal.addEventListener("abort", abort, { once: true });
  const noise: Buffer[] = [];
  const ready = new Promise<true>((resolve) => {
    // The noise before the marker is short; nothing follows it, because nothing is written to the `cat`.
    ssh.child.stdout.on("data", (chunk: Buffer) => {
      noise.push(chunk);
      if (Buffer.concat(noise).includes(marker)) resolve(true);
    });
  });
  ssh.child.stderr.resume();
  ssh.child.stdin.on("error", () => undefined);
  try {
    const outcome = await Promise.race([ready, ssh.exited]);
    if (outcome === true) {
      ssh.child.stdout.removeAllListeners("data").resume();
      return ssh;
    }
    const log = await ssh.takeLog();
    if (outcome !== 255 && outcome !== null && log.trim() === "") {
      const lastLines = Buffer.concat(noise).toString("utf8").trim().split("\n").slice(-10).join("\n");
      const summary = `the account's login shell did not start the command; it ended with ${outcome}`;
      return { log, error: new ConnectError("channel-failed", summary, { stage: "connect", host: label, lastLines }) };
    }
    return { log, error: opensshError(log, label, "new") };
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
