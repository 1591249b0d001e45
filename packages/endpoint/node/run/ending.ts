/* How a function's process ended without an answer, in words and codes. */
import type { Failure, Outcome } from "@sremote/protocol";
import { countOomKills } from "../host/memory.ts";
import { audienceTimes } from "../spool/audience.ts";

export interface Death {
  outcome: Outcome;
  error: Failure;
  exitCode?: number;
  signal?: string;
}

/** How a process ended. */
export interface ProcessEnding {
  /** Whether anything of the user's may have run. */
  begun: boolean;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Why its supervisor ended it, if it did before there was an answer. */
  stopped: "timeout" | "cancelled" | "left" | undefined;
  /** The last it wrote there. */
  stderr: { readonly tail: Buffer };
}

/** @param oomKills the count when the process started @param timeoutMs the call's */
export function describeDeath(ending: ProcessEnding, oomKills: number | undefined, timeoutMs: number | undefined): Death {
  if (ending.stopped === "timeout") {
    return { outcome: "timeout", error: failure("timeout", `the function did not end within ${timeoutMs} ms and was ended`) };
  }
  if (ending.stopped === "cancelled")
    return { outcome: "cancelled", error: failure("cancelled", "the call was cancelled and its process ended") };
  if (ending.stopped === "left") {
    const message = `no client had waited for the call for ${audienceTimes.patience / 1000} s, so its process was ended`;
    return { outcome: "cancelled", error: failure("cancelled", message) };
  }
  if (!ending.begun) {
    const how = ending.signal ?? `exit status ${ending.exitCode}`;
    const said = ending.stderr.tail.toString("utf8").trim();
    const message = `the function's process ended before it began (${how})${said === "" ? "" : `: ${said}`}`;
    return {
      outcome: "not-run",
      error: { code: "endpoint-broken", stage: "setup", message, hint: "NODE_OPTIONS and similar variables act on it before it begins" },
    };
  }
  if (ending.signal === null) {
    const exitCode = ending.exitCode ?? 0;
    return { outcome: "killed", exitCode, error: failure("exited", `the function ended its process with exit status ${exitCode}`) };
  }
  const signal = ending.signal;
  if (ranOutOfMemory(ending, oomKills)) {
    const who = signal === "SIGKILL" ? "by the kernel" : `by ${signal}`;
    return { outcome: "killed", signal, error: failure("out-of-memory", `the function's process was ended ${who} for lack of memory`) };
  }
  const error = failure("killed", `the function's process was ended by ${signal}`);
  const hint = hints[signal];
  if (hint !== undefined) error.hint = hint;
  return { outcome: "killed", signal, error };
}

/** The same as the Python endpoint's. */
const hints: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGKILL: "lack of memory is the usual reason for SIGKILL; the administrator or a batch system is another",
  SIGXCPU: "its limit of processor time was passed (ulimit -t)",
  SIGXFSZ: "its limit of file size was passed (ulimit -f)",
  SIGSEGV: "compiled code touched memory that was not its own",
  SIGABRT: "compiled code gave up; its last words are in stderr",
  SIGBUS: "a mapped file became shorter, or a disk is full",
  SIGILL: "compiled code was made for another processor",
};

function ranOutOfMemory(ending: ProcessEnding, oomKills: number | undefined): boolean {
  if (ending.signal === "SIGKILL") return oomKills !== undefined && (countOomKills() ?? 0) > oomKills;
  // V8 prints why and aborts, by SIGABRT, SIGTRAP or SIGILL as its build has it.
  return /FATAL ERROR: .*(?:out of memory|Allocation failed)|Fatal process out of memory/.test(ending.stderr.tail.toString("latin1"));
}

function failure(code: Failure["code"], message: string): Failure {
  return { code, stage: "call", message };
}
