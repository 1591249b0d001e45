/* `push` over one process. */
import { checkRemotePath, checkSource, checkTransferOptions } from "../argument.ts";
import { shell } from "../connector.ts";
import type { PushSource, RemoteProcess, TransferOptions } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import type { Place } from "../deadline.ts";
import { openSource } from "../transfer/source.ts";
import type { OpenSource } from "../transfer/source.ts";
import { quotePath } from "../remote-path.ts";
import { temporaryPath } from "../transfer/temporary-name.ts";
import { answerError, lastAnswer } from "./answer.ts";
import { execOverProcess } from "./exec.ts";
import { endProcess } from "./end.ts";
import { feed } from "./feed.ts";
import { newMarker } from "./marker.ts";
import { outcome } from "./outcome.ts";
import { pushScript } from "./script.ts";
import type { StartProcess } from "./start.ts";
import { drain, Tail } from "./tail.ts";

/** Removing a temporary file that an ended script could not remove itself may take this long. */
const sweepTimeout = 5000;

/** Sends a file to the host through the standard input of one shell script, in constant memory. See `Connector.push`. */
export async function pushOverProcess(
  start: StartProcess,
  source: PushSource,
  remotePath: string,
  options: TransferOptions,
  label: string,
): Promise<void> {
  checkSource(source);
  checkRemotePath(remotePath);
  checkTransferOptions(options);
  const place: Place = { label, stage: "push" };
  await withDeadline(options, place, async (signal) => {
    await using content = await openSource(source, place.stage, label, signal);
    const marker = newMarker();
    const temporary = temporaryPath(remotePath);
    const script = pushScript(remotePath, temporary, content, options.mode ?? 0o600, marker);
    const process = await start(shell(script), { signal });
    try {
      const { answer, lastLines } = await orAborted(send(process, content, options, place), signal);
      const found = lastAnswer(answer, marker);
      if (found?.status !== "ok") throw answerError(found, remotePath, place, lastLines);
    } catch (error) {
      // The script removes its file itself, unless it had to be killed.
      if (!(await endProcess(process))) await sweep(start, temporary, label);
      throw error;
    } finally {
      process.stdin.destroy();
    }
  });
}

async function send(
  process: RemoteProcess,
  content: OpenSource,
  options: TransferOptions,
  place: Place,
): Promise<{ answer: Uint8Array; lastLines: string }> {
  const stdout = new Tail(64 * 1024);
  const stderr = new Tail(4096);
  const read = outcome(process, Promise.all([drain(process.stdout, stdout), drain(process.stderr, stderr)]), place);
  // Either may come first: all is sent, or the host gives up early and reads no more.
  const sent = feed(process.stdin, counted(content.chunks(), options.onProgress));
  await Promise.race([read, sent.then(() => read)]);
  return { answer: stdout.bytes, lastLines: stderr.text };
}

async function* counted(chunks: AsyncIterable<Uint8Array>, onProgress: TransferOptions["onProgress"]): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    onProgress?.(bytes);
  }
}

async function sweep(start: StartProcess, temporary: string, label: string): Promise<void> {
  try {
    await execOverProcess(start, shell(`rm -f ${quotePath(temporary)}`), { timeout: sweepTimeout }, label);
  } catch {
    // The host cannot be reached; the error that led here says so, and the host's script ends with its input.
  }
}
