/* exec, push and pull as scripts. */
import { createHash } from "node:crypto";
import { hostLimits, TransferError } from "@sremote/protocol";
import { shell } from "../connector.ts";
import type { Command, ExecOptions, ExecResult, PullSink, PushSource, TransferOptions } from "../connector.ts";
import { type OperationPlace, withDeadline } from "../deadline.ts";
import { tellProgress } from "../progress.ts";
import { answerError, copyScript, lastAnswer, newMarker, pushScript } from "../process/index.ts";
import { shownPath, transferError } from "../transfer/error.ts";
import { openSink } from "../transfer/sink.ts";
import type { OpenSink } from "../transfer/sink.ts";
import { openSource } from "../transfer/source.ts";
import { temporaryPath } from "../transfer/temporary-name.ts";
import { ofBytes, ofSource } from "./content.ts";
import type { Result } from "./result.ts";
import type { ScriptRunner } from "./script-runner.ts";

/** Enough for what our own scripts answer. */
const answerLimit = hostLimits.answer;

export async function execByScript(runner: ScriptRunner, command: Command, options: ExecOptions, signal: AbortSignal): Promise<ExecResult> {
  const { stdin, outputLimit, timeout } = options;
  await using result = await runner.run(
    {
      stage: "exec",
      command,
      stdin: stdin === undefined ? undefined : ofBytes(stdin),
      stdoutLimit: outputLimit ?? hostLimits.execStdout,
      stderrLimit: outputLimit ?? hostLimits.execStderr,
      timeout,
      onInput: options.onInput,
    },
    signal,
  );
  return {
    exitCode: result.exitCode,
    signal: null,
    stdout: new Uint8Array(await whole(result)),
    stderr: new Uint8Array(result.stderr),
    ...(result.truncated ? { truncated: true } : {}),
  };
}

/** The file is the input of the script that writes, verifies and renames it. */
export async function pushByScript(
  runner: ScriptRunner,
  source: PushSource,
  remotePath: string,
  options: TransferOptions,
  label: string,
): Promise<void> {
  const place = { label, stage: "push" };
  await withDeadline(options, place, async (signal) => {
    await using content = await openSource(source, place.stage, place.label, signal);
    const marker = newMarker();
    const script = pushScript(remotePath, temporaryPath(remotePath), content, options.mode ?? 0o600, marker);
    await using result = await runner.run(
      {
        stage: place.stage,
        command: shell(script),
        stdin: ofSource(content),
        stdoutLimit: answerLimit,
        stderrLimit: answerLimit,
        timeout: options.timeout,
        onSent: (bytes) => tellProgress(options.onProgress, bytes, place),
      },
      signal,
    );
    const answer = lastAnswer(await whole(result), marker);
    if (answer?.status !== "ok") throw answerError(answer, remotePath, place, "");
  });
}

/** The file is the output of a script that copies it: what is fetched does not change meanwhile, and its name is ours. */
export async function pullByScript(
  runner: ScriptRunner,
  remotePath: string,
  sink: PullSink,
  options: TransferOptions,
  label: string,
): Promise<void> {
  const place = { label, stage: "pull" };
  await withDeadline(options, place, async (signal) => {
    const target = await openSink(sink, options.mode ?? 0o600, place.stage, place.label);
    try {
      const marker = newMarker();
      await using result = await runner.run(
        {
          stage: place.stage,
          command: shell(copyScript(remotePath, marker)),
          stdoutLimit: Number.MAX_SAFE_INTEGER,
          stderrLimit: answerLimit,
          timeout: options.timeout,
        },
        signal,
      );
      const answer = lastAnswer(result.stderr, marker);
      if (answer?.status !== "end") throw answerError(answer, remotePath, place, "");
      const [size = "", sha256 = ""] = answer.detail.split(" ");
      const taken = await takeInto(target, result, options.onProgress, signal, place);
      if (taken.size !== Number(size) || taken.sha256 !== sha256) {
        throw new TransferError("transfer-failed", `${shownPath(remotePath)} changed while it was read`, {
          stage: place.stage,
          host: place.label,
          hint: "pull it again; a file that is written to all the time should be copied or renamed first",
        });
      }
      await target.commit(taken);
    } finally {
      await target.discard();
    }
  });
}

async function takeInto(
  target: OpenSink,
  result: Result,
  onProgress: TransferOptions["onProgress"],
  signal: AbortSignal,
  place: OperationPlace,
): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  await result.stdout(async (chunk) => {
    hash.update(chunk);
    size += chunk.length;
    try {
      await target.write(chunk);
    } catch (error) {
      throw transferError(error, "the pulled file could not be written", { stage: place.stage, host: place.label });
    }
    signal.throwIfAborted();
    tellProgress(onProgress, size, place);
  });
  signal.throwIfAborted();
  if (size === 0) tellProgress(onProgress, 0, place);
  return { size, sha256: hash.digest("hex") };
}

async function whole(result: Result): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await result.stdout(async (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks);
}
