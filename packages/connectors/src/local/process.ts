/* A child process that leads its own process group, as a SpawnedProcess. */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { ConnectError } from "@sremote/protocol";
import { setTimeout as delay } from "node:timers/promises";
import { commandLine, shellText } from "../command-line.ts";
import type { Command, SpawnedProcess } from "../connector.ts";
import { settledWithin } from "../deadline.ts";
import { errnoOf } from "../errno.ts";
import { groupRuns } from "./group.ts";

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** After SIGTERM the group has this long before SIGKILL, and after SIGKILL to be gone. */
const grace = 1000;
/** The system is asked what it knows of the group every 10 ms, and every so many times what the processes do, which costs more. */
const looksBetween = 5;

/**
 * Starts a command: an argument vector without any shell, a script with `sh -c`.
 * A program that cannot be found or executed ends with 127 or 126 and a message on stderr, as it would on a host reached over a shell.
 */
export async function startLocally(command: Command, around: Surroundings, label: string): Promise<SpawnedProcess> {
  const [program, ...args] = argvOf(command);
  try {
    return await launch(program, args, around);
  } catch (error) {
    const code = errnoOf(error);
    if (!("shell" in command) && (code === "ENOENT" || code === "EACCES")) {
      return launch("/bin/sh", ["-c", shellText(command)], around).catch((cause: unknown) => {
        throw failure(cause, label);
      });
    }
    throw failure(error, label);
  }
}

/** Node passes strings on as UTF-8; what stands for other bytes goes through the shell's own decoding. */
function argvOf(command: Command): readonly [string, ...string[]] {
  const texts = "shell" in command ? [command.shell] : command;
  if (!texts.every((text) => text.isWellFormed())) return ["/bin/sh", "-c", commandLine(command)];
  return "shell" in command ? ["/bin/sh", "-c", command.shell] : command;
}

function failure(error: unknown, label: string): ConnectError {
  // Not as the cause: Node's error carries the arguments.
  const code = errnoOf(error) ?? "unknown error";
  return new ConnectError("channel-failed", `the command could not be started: ${code}`, { stage: "exec", host: label });
}

async function launch(program: string, args: readonly string[], around: Surroundings): Promise<SpawnedProcess> {
  // detached: setsid(), so that the process and its descendants can be signalled as one group.
  const child = spawn(program, args, { cwd: around.cwd, env: { ...around.env }, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve).once("error", reject);
  });
  if (child.pid === undefined) throw new Error("a spawned child has no pid");
  return new LocalProcess(child, child.pid);
}

class LocalProcess implements SpawnedProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<{ exitCode: number | null; signal: string | null }>;
  readonly #group: number;

  constructor(child: ChildProcessWithoutNullStreams, pid: number) {
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.#group = pid;
    this.exit = new Promise((resolve) => {
      child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    });
  }

  /** Signals the whole group. */
  async kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP" = "SIGTERM"): Promise<void> {
    this.#signal(signal);
  }

  /** Ends the whole group, also what the process left behind, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#signal("SIGTERM") && !(await this.#gone())) {
      this.#signal("SIGKILL");
      await this.#gone();
    }
    await settledWithin(this.exit, grace);
    this.stdin.destroy();
    this.stdout.destroy();
    this.stderr.destroy();
  }

  /** False when no process of the group is left. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.#group, signal);
    } catch (error) {
      if (errnoOf(error) === "ESRCH") return false;
      throw error;
    }
  }

  /** There is no event for the end of a group, only for that of its leader. */
  async #gone(): Promise<boolean> {
    const end = Date.now() + grace;
    for (let look = 1; Date.now() < end; look += 1) {
      if (!this.#signal(0)) return true;
      if (look % looksBetween === 0 && !(await groupRuns(this.#group))) return true;
      await delay(10);
    }
    return false;
  }
}
