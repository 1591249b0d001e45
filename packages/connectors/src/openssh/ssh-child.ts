/* One run of the system's ssh. */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { ConnectError } from "@sremote/protocol";
import { errnoOf } from "../errno.ts";

export interface SshChild {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when ssh has ended; rejects when it could not be started. */
  readonly exited: Promise<number | null>;
  /** What ssh itself had to say. To be read once, after its end. */
  takeLog(): Promise<string>;
}

/** @param logFile a path in a private directory: ssh's own messages go there, so that standard error is the command's alone */
export function startSsh(program: string, args: readonly string[], logFile: string, label: string): SshChild {
  const child = spawn(program, ["-E", logFile, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(notStarted(error, program, label)));
    child.once("exit", (code) => resolve(code));
  });
  exited.catch(() => undefined);
  return {
    child,
    exited,
    takeLog: async () => {
      try {
        return await readFile(logFile, "utf8");
      } catch (error) {
        // ssh makes the file when it has something to say, but not before its options are read.
        if (errnoOf(error) === "ENOENT") return "";
        throw error;
      } finally {
        await rm(logFile, { force: true });
      }
    },
  };
}

function notStarted(error: unknown, program: string, label: string): ConnectError {
  const missing = errnoOf(error) === "ENOENT";
  return new ConnectError("unsupported", missing ? `there is no program ${program}` : `${program} could not be started`, {
    stage: "connect",
    host: label,
    hint: missing ? "install the OpenSSH client, or use ssh(), which needs none" : undefined,
    cause: error,
  });
}
