/* `push` and `pull` by an author's functions, with the promises that those need not keep. */
import { InvalidArgumentError, SremoteError, TransferError } from "@sremote/protocol";
import { checkRemotePath, checkSink, checkSource, checkTransferOptions } from "../argument.ts";
import { commandLine } from "../command-line.ts";
import { shell } from "../connector.ts";
import type { PullSink, PushSource, TransferOptions } from "../connector.ts";
import { orAborted, settledWithin, withDeadline } from "../deadline.ts";
import type { OperationPlace } from "../deadline.ts";
import { tellProgress } from "../progress.ts";
import {
  type Answer,
  answerError,
  diagnosePushScript,
  digestScript,
  finishPushScript,
  homeScript,
  lastAnswer,
  type Marker,
  newMarker,
} from "../process/index.ts";
import { quote } from "../quote.ts";
import { belowHome } from "../remote-path.ts";
import { shownPath } from "../transfer/error.ts";
import { checkDigest, openSink } from "../transfer/sink.ts";
import type { OpenSink } from "../transfer/sink.ts";
import { digestOf, openSource } from "../transfer/source.ts";
import { temporaryPath } from "../transfer/temporary-name.ts";
import { connectError } from "./error.ts";
import { execByFunction } from "./exec.ts";
import type { CustomFunctions } from "./functions.ts";
import { proveShell } from "./shell-proof.ts";

/** A function that does not heed its signal has this long before what it wrote is removed. */
const lateEnd = 5000;

export async function pushByFunction(
  functions: CustomFunctions,
  source: PushSource,
  givenPath: string,
  options: TransferOptions,
): Promise<void> {
  checkSource(source);
  checkRemotePath(givenPath);
  checkTransferOptions(options);
  const place: OperationPlace = { label: functions.label, stage: "push" };
  await withDeadline(options, place, async (signal) => {
    await using content = await openSource(source, place.stage, place.label, signal);
    const remotePath = await absolute(functions, givenPath, place, signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content.chunks()) chunks.push(chunk);
    const bytes = source instanceof Uint8Array ? source : Buffer.concat(chunks);
    const temporary = temporaryPath(remotePath);
    try {
      await proveShell(functions, signal);
    } catch (error) {
      throw connectError(error, place.stage, place.label);
    }
    const upload = (async () => functions.push(bytes, temporary, { signal, line: pushLine(temporary) }))();
    try {
      await orAborted(upload, signal);
      tellProgress(options.onProgress, bytes.length, place);
      signal.throwIfAborted();
    } catch (error) {
      await settledWithin(upload, lateEnd);
      if (signal.aborted) throw await removed(functions, temporary, error);
      throw await diagnosis(functions, remotePath, temporary, error, place, signal);
    }
    try {
      const finish = (marker: Marker): string => finishPushScript(remotePath, temporary, content, options.mode ?? 0o600, marker);
      const answer = await ask(functions, finish, signal);
      if (answer?.status !== "ok") throw answerError(answer, remotePath, place, "");
    } catch (error) {
      throw await removed(functions, temporary, error);
    }
  });
}

export async function pullByFunction(
  functions: CustomFunctions,
  givenPath: string,
  sink: PullSink,
  options: TransferOptions,
): Promise<void> {
  checkRemotePath(givenPath);
  checkSink(sink);
  checkTransferOptions(options);
  const place: OperationPlace = { label: functions.label, stage: "pull" };
  const about = { stage: place.stage, host: place.label };
  await withDeadline(options, place, async (signal) => {
    const remotePath = await absolute(functions, givenPath, place, signal);
    const answer = await ask(functions, (marker) => digestScript(remotePath, marker), signal);
    if (answer?.status !== "end") throw answerError(answer, remotePath, place, "");
    const [size = "", sha256 = ""] = answer.detail.split(" ");
    const expected = { size: Number(size), sha256 };
    const bytes = await download(functions, remotePath, signal, place);
    checkDigest(await digestOf([bytes]), expected, shownPath(remotePath), place.stage, place.label);
    const target = await openSink(sink, options.mode ?? 0o600, place.stage, place.label);
    try {
      await orAborted(writeAll(target, bytes, about), signal);
      tellProgress(options.onProgress, bytes.length, place);
      signal.throwIfAborted();
      await target.commit(expected);
    } finally {
      await target.discard();
    }
  });
}

/** The author's functions get absolute paths: what begins in the home directory is looked up first. */
async function absolute(functions: CustomFunctions, path: string, place: OperationPlace, signal: AbortSignal): Promise<string> {
  const below = belowHome(path);
  if (below === undefined) return path;
  const home = (await ask(functions, homeScript, signal))?.detail ?? "";
  if (home.startsWith("/")) return `${home.replace(/\/+$/, "")}/${below}`;
  throw new TransferError("no-such-file", `${place.stage} ${shownPath(path)}: the host reports no home directory (HOME)`, {
    stage: place.stage,
    host: place.label,
  });
}

/** The shell opens the new file with O_EXCL (noclobber), so that nothing planted is followed. */
function pushLine(temporary: string): string {
  return commandLine(shell(`umask 077; set -C; cat > ${quote(temporary)}`));
}

async function download(functions: CustomFunctions, remotePath: string, signal: AbortSignal, place: OperationPlace): Promise<Uint8Array> {
  const about = { stage: place.stage, host: place.label };
  let bytes: unknown;
  try {
    bytes = await orAborted(functions.pull(remotePath, { signal, line: commandLine(["cat", remotePath]) }), signal);
  } catch (error) {
    if (signal.aborted || error instanceof SremoteError) throw error;
    throw new TransferError("transfer-failed", `pull ${shownPath(remotePath)}: the connector failed`, { ...about, cause: error });
  }
  if (!(bytes instanceof Uint8Array)) throw new InvalidArgumentError("result of pull", "a Uint8Array", about);
  return bytes;
}

async function writeAll(target: OpenSink, bytes: Uint8Array, about: { stage: string; host: string }): Promise<void> {
  try {
    if (bytes.length > 0) await target.write(bytes);
  } catch (error) {
    if (error instanceof SremoteError) throw error;
    throw new TransferError("transfer-failed", "the pulled file could not be written", { ...about, cause: error });
  }
}

/** Runs one of the scripts and returns what it answered. */
async function ask(functions: CustomFunctions, script: (marker: Marker) => string, signal: AbortSignal): Promise<Answer | undefined> {
  const marker = newMarker();
  const { stdout } = await execByFunction(functions, shell(script(marker)), { signal });
  return lastAnswer(stdout, marker);
}

/** Removes what was uploaded and returns the error that is the reason. */
async function removed(functions: CustomFunctions, temporary: string, error: unknown): Promise<unknown> {
  try {
    await execByFunction(functions, ["rm", "-f", temporary], { timeout: lateEnd });
  } catch {
    // The host cannot be reached; the error that led here is the one to report.
  }
  return error;
}

/** Why an upload failed: the host may know better than the author's error, which becomes the cause either way. */
async function diagnosis(
  functions: CustomFunctions,
  remotePath: string,
  temporary: string,
  cause: unknown,
  place: OperationPlace,
  signal: AbortSignal,
): Promise<SremoteError> {
  if (cause instanceof SremoteError) return cause;
  const about = { stage: place.stage, host: place.label, cause };
  const answer = await ask(functions, (marker) => diagnosePushScript(remotePath, temporary, marker), signal);
  if (answer === undefined || answer.status === "nothing-found") {
    return new TransferError("transfer-failed", `push ${shownPath(remotePath)}: the connector failed`, about);
  }
  const found = answerError(answer, remotePath, place, "");
  return new TransferError(found.code, found.message, about);
}
