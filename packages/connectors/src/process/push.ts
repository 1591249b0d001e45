/* `push` over one process. */
import { hostLimits } from "@sremote/protocol";
import { checkRemotePath, checkSource, checkTransferOptions } from "../argument.ts";
import { shell } from "../connector.ts";
import type { PushSource, SpawnedProcess, TransferOptions } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import type { OperationPlace } from "../deadline.ts";
import { tellProgress } from "../progress.ts";
import { openSource } from "../transfer/source.ts";
import type { OpenSource } from "../transfer/source.ts";
import { quotePath } from "../remote-path.ts";
import { temporaryPath } from "../transfer/temporary-name.ts";
import { answerError, lastAnswer } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { execOverProcess } from "./exec.ts";
import { endProcess } from "./end.ts";
import { feed } from "./feed.ts";
import { newMarker } from "./marker.ts";
import type { Marker } from "./marker.ts";
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
  const place: OperationPlace = { label, stage: "push" };
  await withDeadline(options, place, async (signal) => {
    await using content = await openSource(source, place.stage, label, signal);
    const marker = newMarker();
    const temporary = temporaryPath(remotePath);
    const script = pushScript(remotePath, temporary, content, options.mode ?? 0o600, marker);
    const process = await start(shell(script), { signal, inputSize: content.size });
    try {
      const { found, lastLines } = await orAborted(send(process, content, marker, options, place), signal);
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
  process: SpawnedProcess,
  content: OpenSource,
  marker: Marker,
  options: TransferOptions,
  place: OperationPlace,
): Promise<{ found: Answer | undefined; lastLines: string }> {
  const stdout = new Tail(hostLimits.answer);
  const stderr = new Tail(hostLimits.lastLines);
  const isAnswered = (): boolean => lastAnswer(stdout.bytes, marker) !== undefined;
  const read = outcome(process, Promise.all([drain(process.stdout, stdout), drain(process.stderr, stderr)]), place).catch(
    (error: unknown) => {
      // A host that gives up early may end the connection under what is still being sent. What it answered before counts.
      if (!isAnswered()) throw error;
    },
  );
  // Either may come first: all is sent, or the host gives up early and reads no more.
  const sent = feed(
    process.stdin,
    counted(content.chunks(), isAnswered, (bytes) => tellProgress(options.onProgress, bytes, place)),
  );
  await Promise.race([read, sent.then(() => read)]);
  return { found: lastAnswer(stdout.bytes, marker), lastLines: stderr.text };
}

/** What is sent until the host has answered: after that it reads nothing any more. */
async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  isAnswered: () => boolean,
  onProgress: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    if (isAnswered()) return;
    yield chunk;
    bytes += chunk.length;
    onProgress(bytes);
  }
}

async function sweep(start: StartProcess, temporary: string, label: string): Promise<void> {
  try {
    await execOverProcess(start, shell(`rm -f ${quotePath(temporary)}`), { timeout: sweepTimeout }, label);
  } catch {
    // The host cannot be reached; the error that led here says so, and the host's script ends with its input.
  }
}
