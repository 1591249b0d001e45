import type { HostFacts } from "@sremote/protocol";

export interface CallResult<T = unknown> {
  /** What the function returned. */
  value: T;
  /** What it printed, as UTF-8 text; bytes that are not UTF-8 are shown as U+FFFD. A generator prints as it is iterated: what it has printed so far. */
  stdout: string;
  stderr: string;
  /** The exact bytes, and whether `outputLimit` cut them. */
  output: { stdout: CapturedOutput; stderr: CapturedOutput };
  /** Wall-clock and CPU time in milliseconds, and peak memory in bytes, of the function's process. */
  usage: { wallMs: number; cpuMs: number; maxRssBytes: number } | undefined;
  /** The interpreter that ran it. */
  host: HostFacts;
  /** Versions of the registered modules; null where a module tells none. */
  modules: Readonly<Record<string, string | null>>;
  callId: string;
}

export interface CapturedOutput {
  bytes: Uint8Array;
  /** Bytes written in all. */
  total: number;
  truncated: boolean;
}

/** What a generator has printed so far, at each look. */
export function outputSoFar({ stdout, stderr }: { stdout: Captured; stderr: Captured }): Pick<CallResult, "stdout" | "stderr" | "output"> {
  return {
    get stdout() {
      return outputText(stdout.captured());
    },
    get stderr() {
      return outputText(stderr.captured());
    },
    get output() {
      return { stdout: stdout.captured(), stderr: stderr.captured() };
    },
  };
}

interface Captured {
  captured(): CapturedOutput;
}

export function outputText(output: CapturedOutput): string {
  if (output.bytes.byteLength === 0) return "";
  return Buffer.from(output.bytes.buffer, output.bytes.byteOffset, output.bytes.byteLength).toString("utf8");
}
