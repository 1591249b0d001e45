/*
 * The process that runs functions, from outside: signals to its group, how they become stronger, and its end. For spool and sessions alike: each such
 * process leads a group, with all that it started.
 */
import { SremoteError } from "@sremote/protocol";
import { errorCode } from "../host/directory.ts";
import { type haste, linger, type signalGrace } from "../wire/limits.ts";

/** Between two looks, in milliseconds. */
const interval = 10;

/** @param name 0: only looks. @returns whether there is still one of the group */
export function signalGroup(leader: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, name);
    return true;
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    if (errorCode(error) === "EPERM") return true; // It changed its user; it can only be left alone.
    throw error;
  }
}

/** Resolves when none of a killed group is left, and after so many milliseconds at the latest. */
export async function groupEnds(leader: number, within: number): Promise<void> {
  for (let waited = 0; waited < within && signalGroup(leader, 0); waited += interval)
    await new Promise<void>((resolve) => {
      setTimeout(resolve, interval);
    });
}

/** What is still to be done to a group, as time goes by. */
export class Escalation {
  readonly #send: (name: NodeJS.Signals) => void;
  readonly #timers: NodeJS.Timeout[] = [];

  /** @param send signals the group */
  constructor(send: (name: NodeJS.Signals) => void) {
    this.#send = send;
  }

  /** Whether a signal was planned and the process is still there. */
  get hasBegun(): boolean {
    return this.#timers.length > 0;
  }

  /** SIGINT now, then as `strengthen`. */
  begin(grace: typeof signalGrace | typeof haste): void {
    this.#send("SIGINT");
    this.strengthen(grace);
  }

  /** SIGTERM after the grace, SIGKILL after twice that. */
  strengthen(grace: typeof signalGrace | typeof haste): void {
    this.#timers.push(setTimeout(this.#send, grace, "SIGTERM"), setTimeout(this.#send, 2 * grace, "SIGKILL"));
  }

  /** SIGKILL when the process has not ended by itself in a while. */
  killLater(): void {
    this.#timers.push(setTimeout(this.#send, linger, "SIGKILL"));
  }

  /** The process is gone. */
  stop(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}

/** The process could not be started. */
export function startFailed(error: unknown): SremoteError {
  const code = errorCode(error);
  const options = { stage: "setup", cause: error };
  if (code === "E2BIG") return new SremoteError("limit-exceeded", "environment and PATH are larger than the host allows", options);
  const [why, hint] = startProblems.get(code ?? "") ?? [];
  const message = `the function's process cannot be started: ${why === undefined ? (code ?? String(error)) : `${why} (${code})`}`;
  return new SremoteError("endpoint-broken", message, { ...options, hint });
}

const startProblems: ReadonlyMap<string, readonly [why: string, hint: string]> = new Map([
  ["EAGAIN", ["the host allows no more processes", "end others of the user, or raise the limit (ulimit -u, or that of the control group)"]],
  ["EMFILE", ["the endpoint has as many files open as it may", "call with fewer workers, or raise the limit (ulimit -n)"]],
  ["ENFILE", ["the host has as many files open as it can", "try again later"]],
  ["ENOMEM", ["the host has no memory for it", "try again later, or with fewer workers"]],
  ["ENOENT", [`the program ${process.execPath} or the working directory is gone`, "install Node again, or name another interpreter"]],
]);
