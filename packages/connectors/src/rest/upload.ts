/* Bringing a script and its input to the host. */
import { SremoteError, TransferError } from "@sremote/protocol";
import { joined, ofBytes, pieces } from "./content.ts";
import type { Content } from "./content.ts";
import type { RestContext, ScriptDialect } from "./dialect.ts";
import { statusOf } from "./http-error.ts";
import type { Attempt, Job } from "./job.ts";
import { scriptBytes } from "./script.ts";
import type { WorkDirectory } from "./work-directory.ts";

/** Seconds that a script may take to answer where the dialect does not say. */
const defaultReplyTimeout = 20_000;

export interface Upload {
  readonly dialect: ScriptDialect;
  readonly work: WorkDirectory;
  readonly job: Job;
  readonly attempt: Attempt;
  /** Bytes of output that come along in the report. */
  readonly inline: number;
  /** Largest file of one upload. */
  readonly most: number;
}

/** `gone`: the directory is not there. `too-large`: the service refused a file for its size, and smaller ones may do. */
export type Sent = { readonly kind: "sent" | "gone" } | { readonly kind: "too-large"; readonly size: number; readonly error: SremoteError };

/** In one file if that may be, else the input before the script in parts. */
export async function upload({ dialect, work, job, attempt, inline, most }: Upload, context: RestContext): Promise<Sent> {
  const { limits } = dialect;
  const { splitAt } = attempt;
  const { released, sweep, giveBack } = work.take();
  const hold = (limits.replyTimeout ?? defaultReplyTimeout) / 1000;
  const make = (parts: readonly string[]): Uint8Array =>
    scriptBytes({
      work: attempt.work,
      id: attempt.id,
      marker: attempt.marker,
      command: job.command,
      stdin: job.stdin === undefined ? "none" : "rest",
      parts,
      stdoutLimit: job.stdoutLimit,
      stderrLimit: job.stderrLimit,
      splitAt,
      // The report, a third larger, must itself fit into one download.
      inline: Math.min(inline, Math.floor((splitAt ?? Number.POSITIVE_INFINITY) / 2)),
      hold: Number.isFinite(hold) ? Math.min(60, Math.max(1, Math.round(hold))) : undefined,
      deadline: job.timeout === undefined || !Number.isFinite(job.timeout) ? undefined : Math.ceil(job.timeout / 1000) + 5,
      released,
      sweep,
    });
  // What is being sent, apart from the script, which cannot be divided.
  let size = 0;
  try {
    const script = make([]);
    const total = script.length + (job.stdin?.size ?? 0);
    if (total <= most) {
      if (job.stdin !== undefined) size = total;
      const content = job.stdin === undefined ? ofBytes(script) : joined(ofBytes(script), counted(job.stdin, job.onSent));
      await dialect.put(attempt.path, content, context);
    } else {
      size = Math.min(most, job.stdin?.size ?? 0);
      await uploadParts(dialect, job, attempt, most, context);
      size = 0;
      await dialect.put(attempt.path, ofBytes(make(attempt.parts)), context);
    }
    job.onSent?.(job.stdin?.size ?? 0);
    return { kind: "sent" };
  } catch (error) {
    giveBack();
    if (error instanceof TransferError && error.code === "no-such-file") return { kind: "gone" };
    if (error instanceof SremoteError && statusOf(error) === 413) return { kind: "too-large", size, error };
    // What is there of it takes the space that the next command needs to remove it.
    if (error instanceof SremoteError && error.code === "disk-full") await removeParts(dialect, attempt, context);
    throw error;
  }
}

async function uploadParts(dialect: ScriptDialect, job: Job, attempt: Attempt, most: number, context: RestContext): Promise<void> {
  let sent = 0;
  for await (const piece of pieces(job.stdin ?? ofBytes([]), most)) {
    const name = `${attempt.id}.${String(attempt.parts.length).padStart(5, "0")}`;
    attempt.parts.push(name);
    await dialect.put(`${attempt.work}/${name}`, ofBytes(piece), context);
    sent += piece.length;
    job.onSent?.(sent);
  }
}

async function removeParts(dialect: ScriptDialect, attempt: Attempt, context: RestContext): Promise<void> {
  try {
    for (const path of [attempt.path, ...attempt.parts.map((name) => `${attempt.work}/${name}`)]) await dialect.remove(path, context);
  } catch {
    // The error that led here is the one to report. They go with the directory.
  }
}

/** Tells of progress, anew each time the content is sent. */
function counted(content: Content, onSent: Job["onSent"]): Content {
  return {
    size: content.size,
    async *chunks() {
      let sent = 0;
      for await (const chunk of content.chunks()) {
        yield chunk;
        onSent?.((sent += chunk.length));
      }
    },
  };
}
