/* One run of the system's ssh. */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { open, rm, stat } from "node:fs/promises";
import { ConnectError, hostLimits } from "@sremote/protocol";
import { errnoOf } from "../errno.ts";

export interface SshLog {
  /** What ssh itself had to say. */
  readonly text: string;
  /** Whether the host had taken the credentials. */
  readonly authenticated: boolean;
}

export interface SshChild {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when ssh has ended; rejects when it could not be started. */
  readonly exited: Promise<number | null>;
  /** What ssh said so far. */
  readLog(): Promise<SshLog>;
  /** The same, to be called once, after its end. */
  takeLog(): Promise<SshLog>;
  /** SIGTERM lets ssh remove its socket and end what it started; one that does not end is killed. Resolves when it is gone. */
  end(): Promise<void>;
}

/** Milliseconds for ssh to end after SIGTERM. */
const endTimeout = 1000;
/** A host that makes ssh write must not fill this machine's disk: so many times what is read of a log, looked at so often, in milliseconds. */
const [mostLogs, lookAtLog] = [1024, 2000];
/** ssh cuts its own lines at 1,023 bytes. What comes from a jump host's ssh or a banner may have any length, and patterns are tried on each line. */
const longestLine = 1024;

/**
 * @param logFile a path in a private directory: ssh's own messages go there, so that standard error is the command's alone
 * @param variables environment variables that the arguments speak of
 */
export function startSsh(
  program: string,
  args: readonly string[],
  logFile: string,
  label: string,
  variables: Readonly<Record<string, string>> = {},
): SshChild {
  // The ssh of a jump host does not know that it must not ask (BatchMode): without a terminal of its own (detached: setsid), and with a
  // program that answers nothing, it gets no answer.
  const env = { ...process.env, ...variables, SSH_ASKPASS: "false", SSH_ASKPASS_REQUIRE: "force" };
  const child = spawn(program, ["-E", logFile, ...args], { stdio: ["pipe", "pipe", "pipe"], detached: true, env });
  const exited = new Promise<number | null>((resolve, reject) => {
    const look = async (): Promise<void> => {
      if ((await sizeOf(logFile)) <= mostLogs * hostLimits.sshLog) return;
      child.kill("SIGKILL");
      reject(tooMuchSaid(label));
    };
    const watch = setInterval(() => void look().catch(reject), lookAtLog).unref();
    child.once("error", (error) => reject(notStarted(error, program, label)));
    child.once("exit", (code) => resolve(code));
    for (const end of ["error", "exit"]) child.once(end, () => clearInterval(watch));
  });
  exited.catch(() => undefined);
  const readLog = async (): Promise<SshLog> => parseLog(await readEnd(logFile));
  // Both the code that waits for ssh and the code that ends it take the log, and get the same one.
  let taken: Promise<SshLog> | undefined;
  const takeLog = async (): Promise<SshLog> => {
    const log = await readLog();
    await rm(logFile, { force: true });
    return log;
  };
  return {
    child,
    exited,
    readLog,
    takeLog: () => (taken ??= takeLog()),
    end: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), endTimeout);
      await exited.catch(() => undefined);
      clearTimeout(timer);
    },
  };
}

/** At the level that tells of the authentication, ssh also tells much that is of no use. */
function parseLog(log: string): SshLog {
  const chatter = /^(Authenticated (to|using) |Transferred: |Bytes per second: |Server host key: |Remote: )/;
  const lines = shortLines(log);
  return {
    text: lines.filter((line) => !chatter.test(line)).join("\n"),
    authenticated: lines.some((line) => line.startsWith("Authenticated ")),
  };
}

/** The lines of a text that a host has a say in, each short enough for any pattern. */
export function shortLines(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.slice(0, longestLine));
}

/** undefined without the file: ssh makes its log once its options are read, and the connector's directory goes when it is closed. */
async function ifThere<T>(looked: Promise<T>): Promise<T | undefined> {
  try {
    return await looked;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await ifThere(stat(path)))?.size ?? 0;
}

/** The end of a log, whatever its length. */
async function readEnd(path: string): Promise<string> {
  const handle = await ifThere(open(path));
  if (handle === undefined) return "";
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, hostLimits.sshLog);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function tooMuchSaid(label: string): ConnectError {
  return new ConnectError("limit-exceeded", `the host made ssh write more than ${mostLogs * hostLimits.sshLog} bytes of messages`, {
    stage: "connect",
    host: label,
  });
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
