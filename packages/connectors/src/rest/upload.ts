/* Bringing a script and its input to the host. */
import { TransferError } from "@sremote/protocol";
import { joined, ofBytes, pieces } from "./content.ts";
import type { Content } from "./content.ts";
import type { RestContext, ScriptDialect } from "./dialect.ts";
import type { Attempt, Job } from "./job.ts";
import { scriptBytes } from "./script.ts";
import type { WorkDirectory } from "./work-directory.ts";

/** Seconds that a script may take to answer where the dialect does not say. */
const defaultHold = 20;

export interface Upload {
  readonly dialect: ScriptDialect;
  readonly work: WorkDirectory;
  readonly job: Job;
  readonly attempt: Attempt;
  /** Bytes of output that come along in the report. */
  readonly inline: number;
}

/** In one file if that may be, else the input before the script in parts. False when the directory is not there. */
export async function upload({ dialect, work, job, attempt, inline }: Upload, context: RestContext): Promise<boolean> {
  const { limits } = dialect;
  const most = limits.put ?? Number.POSITIVE_INFINITY;
  const { released, sweep, giveBack } = work.take();
  const hold = limits.hold ?? defaultHold;
  const make = (parts: readonly string[]): Uint8Array =>
    scriptBytes({
      work: attempt.work,
      id: attempt.id,
      marker: attempt.marker,
      command: job.command,
      stdin: job.stdin === undefined ? "none" : "rest",
      parts,
      maxStdout: job.maxStdout,
      maxStderr: job.maxStderr,
      splitAt: limits.get,
      // The report, a third larger, must itself fit into one download.
      inline: Math.min(inline, Math.floor((limits.get ?? Number.POSITIVE_INFINITY) / 2)),
      hold: Number.isFinite(hold) ? Math.min(60, Math.max(1, Math.round(hold))) : undefined,
      deadline: job.timeout === undefined || !Number.isFinite(job.timeout) ? undefined : Math.ceil(job.timeout / 1000) + 5,
      released,
      sweep,
    });
  try {
    const script = make([]);
    if (script.length + (job.stdin?.size ?? 0) <= most) {
      const content = job.stdin === undefined ? ofBytes(script) : joined(ofBytes(script), counted(job.stdin, job.onSent));
      await dialect.put(attempt.path, content, context);
    } else {
      const parts = await uploadParts(dialect, job, attempt, most, context);
      await dialect.put(attempt.path, ofBytes(make(parts)), context);
    }
    job.onSent?.(job.stdin?.size ?? 0);
    return true;
  } catch (error) {
    giveBack();
    if (error instanceof TransferError && error.code === "no-such-file") return false;
    throw error;
  }
}

async function uploadParts(dialect: ScriptDialect, job: Job, attempt: Attempt, most: number, context: RestContext): Promise<string[]> {
  const names: string[] = [];
  let sent = 0;
  for await (const piece of pieces(job.stdin ?? ofBytes([]), most)) {
    const name = `${attempt.id}.${String(names.length).padStart(5, "0")}`;
    names.push(name);
    await dialect.put(`${attempt.work}/${name}`, ofBytes(piece), context);
    sent += piece.length;
    job.onSent?.(sent);
  }
  return names;
}

/** Tells of progress once, however often the content is sent. */
function counted(content: Content, onSent: Job["onSent"]): Content {
  let most = 0;
  return {
    size: content.size,
    async *chunks() {
      let sent = 0;
      for await (const chunk of content.chunks()) {
        yield chunk;
        sent += chunk.length;
        if (sent > most) onSent?.((most = sent));
      }
    },
  };
}
