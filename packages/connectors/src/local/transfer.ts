/* push and pull where host and client are one: copies of files, with the same promises. */
import { checkRemotePath, checkSink, checkSource, checkTransferOptions } from "../argument.ts";
import type { PullSink, PushSource, TransferOptions } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import { tellProgress } from "../progress.ts";
import { belowHome } from "../remote-path.ts";
import { transferError } from "../transfer/error.ts";
import { openSink } from "../transfer/sink.ts";
import { openSource } from "../transfer/source.ts";

/** This machine as commands of the connector see it. */
export interface Here {
  readonly label: string;
  /** The home directory. */
  readonly home: string;
}

export async function pushLocally(source: PushSource, remotePath: string, options: TransferOptions, here: Here): Promise<void> {
  checkSource(source);
  checkRemotePath(remotePath);
  await copy(source, { path: fromHome(remotePath, here) }, options, here.label, "push");
}

export async function pullLocally(remotePath: string, sink: PullSink, options: TransferOptions, here: Here): Promise<void> {
  checkRemotePath(remotePath);
  checkSink(sink);
  await copy({ path: fromHome(remotePath, here) }, sink, options, here.label, "pull");
}

function fromHome(path: string, { home }: Here): string {
  const below = belowHome(path);
  return below === undefined ? path : `${home}/${below}`;
}

async function copy(source: PushSource, sink: PullSink, options: TransferOptions, label: string, stage: "push" | "pull"): Promise<void> {
  checkTransferOptions(options);
  await withDeadline(options, { label, stage }, async (signal) => {
    await using content = await openSource(source, stage, label, signal);
    const target = await openSink(sink, options.mode ?? 0o600, stage, label);
    try {
      let bytes = 0;
      for await (const chunk of content.chunks()) {
        await orAborted(target.write(chunk), signal);
        bytes += chunk.length;
        tellProgress(options.onProgress, bytes, { label, stage });
        signal.throwIfAborted();
      }
      await target.commit(content);
    } catch (error) {
      throw signal.aborted ? error : transferError(error, `${stage} failed`, { stage, host: label });
    } finally {
      await target.discard();
    }
  });
}
