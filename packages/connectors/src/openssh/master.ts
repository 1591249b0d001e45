/* The shared connection: one ssh that holds it, whose socket others use. */
import { hostLimits } from "@sremote/protocol";
import type { ConnectError } from "@sremote/protocol";
import { spawn } from "node:child_process";
import { rm, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { backOff, pause } from "../back-off.ts";
import { Tail } from "../process/index.ts";
import { opensshError, wasDropped } from "./openssh-error.ts";
import type { SshChild, SshLog } from "./ssh-child.ts";
import { startSsh } from "./ssh-child.ts";
import { connectSlack, notInTime } from "./start-deadline.ts";

/** A busy sshd drops connections at random; nothing was offered to it then. */
const retries = 4;
/** Milliseconds between looks for the socket. */
const pollInterval = 15;

export interface MasterOptions {
  program: string;
  /** All arguments but those about sharing and the destination. */
  args: readonly string[];
  /** Environment variables that the arguments speak of. */
  variables: Readonly<Record<string, string>>;
  destination: string;
  socket: string;
  /** A fresh path for a log. */
  logFile(): string;
  label: string;
  connectTimeout: number;
}

interface Failure {
  log: SshLog;
  said: string;
  error: ConnectError;
}

/**
 * Holds the connection until it is ended. It has no session on the host (`-N`): no start-up file is in its way, and hosts that allow one
 * session for each connection have it left.
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
      if (!wasDropped(result.log, result.said) || attempt > retries) throw result.error;
      await pause(backOff(attempt, 200, 1600, "full"), signal);
    }
  }

  /** Ends the connection and everything that uses it. */
  async end(): Promise<void> {
    await this.#ssh.end();
    await this.#ssh.takeLog();
  }
}

async function attemptMaster(options: MasterOptions, signal: AbortSignal): Promise<SshChild | Failure> {
  const { program, args, variables, destination, socket, label, connectTimeout } = options;
  await rm(socket, { force: true }); // One that was killed leaves it behind.
  const shared = ["-N", "-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-S", socket];
  const ssh = startSsh(program, [...args, ...shared, "--", destination], options.logFile(), label, variables);
  const { child, exited } = ssh;
  endWithUs(ssh);
  const abort = (): void => {
    ssh.end().catch(() => undefined); // Whether it has ended, `exited` tells.
  };
  signal.addEventListener("abort", abort, { once: true });
  const said = new Tail(hostLimits.keptNoise);
  child.stdout.resume();
  child.stderr.on("data", (chunk: Buffer) => said.add(chunk));
  child.stdin.on("error", () => undefined).end();
  const polling = new AbortController();
  try {
    const outcome = await Promise.race([untilListening(socket, connectTimeout + connectSlack, polling.signal), exited]);
    if (outcome === "listening") {
      // It holds the connection: what it says now is of no use any more.
      child.stderr.removeAllListeners("data").resume();
      return ssh;
    }
    if (outcome === "late") await ssh.end();
    const log = await ssh.takeLog();
    const late = outcome === "late" ? notInTime(connectTimeout, label) : undefined;
    return { log, said: said.text, error: opensshError(log.text, said.text, label, "new", late) };
  } finally {
    polling.abort();
    signal.removeEventListener("abort", abort);
  }
}

/** ssh makes the socket when the host has taken the credentials. There is no event for that which all systems have. */
async function untilListening(socket: string, limit: number, signal: AbortSignal): Promise<"listening" | "late"> {
  for (const end = performance.now() + limit; performance.now() < end; await delay(pollInterval)) {
    if (signal.aborted || (await stat(socket).catch(() => undefined)) !== undefined) return "listening";
  }
  return "late";
}

/** A shell whose input is a pipe from this process ends ssh when this process is gone, in whatever way. */
function endWithUs({ child, exited }: SshChild): void {
  if (child.pid === undefined) return;
  const script = 'read -r _; kill "$1" 2>/dev/null';
  const watcher = spawn("/bin/sh", ["-c", script, "sh", String(child.pid)], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  for (const each of [watcher, watcher.stdin]) each.on("error", () => undefined); // Then ssh ends when its link does.
  const over = (): void => void watcher.kill("SIGKILL");
  exited.then(over, over);
}
