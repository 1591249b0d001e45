/* Which process is meant: a pid alone is given out again after its process, and after a reboot, so start time and boot go with it. */
import { readFileSync, readlinkSync } from "node:fs";
import { loadChildProcess } from "./lazy.ts";
import { errorCode } from "./directory.ts";

/**
 * What tells process `pid` from any other, ever, as one line of text; undefined when there is no such process (a zombie is none).
 * On Linux: pid, start time (field 22 of /proc/PID/stat, proc(5)), boot id and pid namespace. The Python endpoint writes the same.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== "linux") return identityWithoutProc(pid);
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return `${pid} ${fields[19]} ${bootId()} ${pidNamespace()}`;
}

/** Whether exactly the process that this text was made for is still there. */
export function isRunning(identity: string): boolean {
  const pid = /^[1-9][0-9]{0,9}(?= |$)/.exec(identity);
  return pid !== null && processIdentity(Number(pid[0])) === identity;
}

function identityWithoutProc(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== "EPERM") return undefined;
  }
  const script = 'ps -o lstart= -p "$0"; sysctl -n kern.boottime';
  const text = loadChildProcess().execFileSync("/bin/sh", ["-c", script, String(pid)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return `${pid} ${text.split(/\s+/).filter(Boolean).join(" ")}`;
}

function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "?";
}

/** A pid means something only in its namespace: two containers may share a home directory. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "?";
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
