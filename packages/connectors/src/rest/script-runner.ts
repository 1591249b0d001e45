/* One command as a script on the host: sent, started once, asked after, its result fetched, or ended. */
import { randomBytes } from "node:crypto";
import { ByteList, ConnectError, hostLimits, SremoteError, TransferError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { newMarker } from "../process/index.ts";
import { orAborted } from "../deadline.ts";
import { backOff, pause, untilLook } from "../back-off.ts";
import { Slots } from "../slots.ts";
import { codeOfMessage } from "../transfer/error.ts";
import type { RestContext, RunState, ScriptDialect, ScriptRun } from "./dialect.ts";
import { canCancel, endJob } from "./ending.ts";
import { statusOf } from "./http-error.ts";
import type { HttpClient } from "./http.ts";
import { onlyForward, onlyOnce, runName } from "./job.ts";
import type { Attempt, Job } from "./job.ts";
import { isCut, readReport } from "./report.ts";
import type { Done, Report } from "./report.ts";
import { resultOf } from "./result.ts";
import type { Result } from "./result.ts";
import { smallestUpload } from "./settings.ts";
import type { RestSettings } from "./settings.ts";
import { upload } from "./upload.ts";
import { WorkDirectory } from "./work-directory.ts";

/** After these the command was certainly not started. */
const notSent: ReadonlySet<Code> = new Set<Code>([
  "auth-failed",
  "connect-refused",
  "connect-failed",
  "connect-timeout",
  "name-not-found",
  "channel-failed",
  "no-such-file",
  "invalid-argument",
  "unsupported",
]);

const defaultInline = 48 * 1024;
/** A command whose first request proved never to have arrived is sent again, under another id, this many times. */
const submissions = 6;
/** Milliseconds for ending a command on the host. */
const endTimeout = 20_000;
/** The most milliseconds between looks. */
const lastLook = 10_000;
/** A service that cannot run a script at once is asked for one's fate only after so many milliseconds without its report. */
const patience = 15_000;

/** Milliseconds for which a job may go on whose scheduler says nothing of it, while the service itself answers. */
const unheardFor = 15 * 60_000;
/** Milliseconds for which a request to start a command goes on when the command was cancelled before it started. */
const submitFor = 10_000;

/** `void`: it is certain that it never will be. `gone`: the directory that it was to be put into. `again`: it was sent in pieces too large. */
interface NotStarted {
  readonly kind: "void" | "gone" | "again";
}

export class ScriptRunner {
  readonly #dialect: ScriptDialect;
  readonly #http: HttpClient;
  readonly #settings: RestSettings;
  readonly #slots: Slots;
  readonly #work: WorkDirectory;
  /** Whether processes outlive the request that started them, so that a script can be asked at any time: not so for jobs. */
  readonly #outlives: boolean;
  /** Commands that may still run although they are no longer waited for. */
  readonly #doubtful = new Map<string, Attempt>();
  /** What ends such commands just now. */
  readonly #endings = new Set<Promise<void>>();
  #inline: number;
  /** Bytes of one upload, as the service's refusals taught. */
  #most = Number.POSITIVE_INFINITY;

  constructor(dialect: ScriptDialect, http: HttpClient, settings: RestSettings) {
    this.#dialect = dialect;
    this.#http = http;
    this.#settings = settings;
    this.#slots = new Slots(settings.concurrency);
    this.#work = new WorkDirectory(dialect, http, settings.scratchDir);
    this.#outlives = Number.isFinite(dialect.limits.replyTimeout ?? 0);
    this.#inline = dialect.limits.inline ?? defaultInline;
  }

  /** Runs a command to its end. An abort ends it on the host, without waiting for that. */
  async run(job: Job, signal: AbortSignal): Promise<Result> {
    const given = { ...job, onSent: onlyForward(job.onSent), onInput: onlyOnce(job.onInput) };
    for (let submission = 1; ;) {
      const attempt = await this.#prepare(signal);
      try {
        const report = await this.#perform(given, attempt, signal);
        if (report.kind === "done") return await this.#result(job, attempt, report, signal);
        this.#release(attempt);
        if (report.kind === "again") continue;
        if (submission >= submissions)
          throw this.#error("connection-lost", "the command could not be started: requests to start it do not arrive at the host", job);
        if (report.kind === "gone") this.#work.forget();
        await pause(backOff(submission, 50, 5000), signal);
        submission += 1;
      } catch (error) {
        this.#abandon(attempt, error, signal);
        throw error;
      }
    }
  }

  /** Ends what may still run and removes the directory on the host. */
  async close(): Promise<void> {
    await Promise.all(this.#endings);
    for (const attempt of this.#doubtful.values()) this.#end(attempt);
    await Promise.all(this.#endings);
    await this.#work.remove({ http: this.#http, signal: AbortSignal.timeout(endTimeout) });
  }

  async #prepare(signal: AbortSignal): Promise<Attempt> {
    const work = await this.#work.path(signal);
    const id = randomBytes(8).toString("hex");
    const { get } = this.#dialect.limits;
    const splitAt = Math.min(get ?? Number.POSITIVE_INFINITY, this.#settings.downloadLimit);
    return {
      id,
      marker: newMarker(),
      path: `${work}/${id}.sh`,
      work,
      parts: [],
      submitted: false,
      handle: undefined,
      splitAt: Number.isFinite(splitAt) ? splitAt : undefined,
    };
  }

  async #perform(job: Job, attempt: Attempt, signal: AbortSignal): Promise<Done | NotStarted> {
    const free = await this.#slots.acquire(signal);
    let state: RunState;
    try {
      const context: RestContext = { http: this.#http, signal };
      const most = Math.min(this.#dialect.limits.put ?? Number.POSITIVE_INFINITY, this.#settings.uploadLimit, this.#most);
      const sent = await upload({ dialect: this.#dialect, work: this.#work, job, attempt, inline: this.#inline, most }, context);
      if (sent.kind === "gone") return { kind: "gone" };
      if (sent.kind === "too-large") {
        this.#sendLess(sent.size, sent.error, job);
        return { kind: "again" };
      }
      signal.throwIfAborted();
      job.onInput?.();
      state = await this.#submit(attempt, signal);
    } finally {
      free();
    }
    try {
      return await this.#settle(job, attempt, state, signal);
    } catch (error) {
      signal.throwIfAborted();
      // It was started: no error may say any more that it was not. What the client itself refuses, such as a redirect, is told as it is.
      if (!(error instanceof ConnectError && notSent.has(error.code)) || isOurs(error)) throw error;
      const summary = `${job.stage}: the host cannot be asked whether the command ran: ${error.message}`;
      throw new ConnectError("connection-lost", summary, { stage: job.stage, host: this.#dialect.label, hint: error.hint, cause: error });
    }
  }

  /** What a service or a proxy before it refuses as too large (413) is sent in smaller pieces from now on. */
  #sendLess(size: number, error: SremoteError, job: Job): void {
    if (size <= smallestUpload) {
      throw new TransferError("transfer-failed", `${job.stage}: the service takes no request of this size: ${error.message}`, {
        stage: job.stage,
        host: this.#dialect.label,
        hint: "pass data as the command's input, which is sent in pieces, and not in the command",
        cause: error,
      });
    }
    this.#most = Math.min(this.#most, Math.floor(size / 2));
  }

  /** Asks the service to run the script, once. Not knowing whether it took the request is a state, not an error. */
  async #submit(attempt: Attempt, signal: AbortSignal): Promise<RunState> {
    attempt.submitted = true;
    try {
      if (this.#outlives) return await this.#run(attempt, [], signal);
      return await this.#submitJob(attempt, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SremoteError) || !notSent.has(error.code)) return { kind: "finished" };
      attempt.submitted = false;
      if (error.code !== "no-such-file") throw error;
      throw new ConnectError("channel-failed", error.message, { stage: "exec", host: this.#dialect.label, cause: error });
    }
  }

  /** The request goes on for a while when the command was cancelled before it started: its answer names the job that is then to be cancelled. */
  async #submitJob(attempt: Attempt, signal: AbortSignal): Promise<RunState> {
    const control = new AbortController();
    const stopLate = (): void => void setTimeout(() => control.abort(signal.reason), submitFor).unref();
    signal.addEventListener("abort", stopLate, { once: true });
    attempt.submission = this.#run(attempt, [], control.signal);
    try {
      return await orAborted(attempt.submission, signal);
    } finally {
      if (!signal.aborted) signal.removeEventListener("abort", stopLate);
    }
  }

  async #run(attempt: Attempt, args: readonly string[], signal: AbortSignal): Promise<RunState> {
    const { path, id } = attempt;
    const script: ScriptRun = {
      path,
      args,
      line: ["/bin/sh", path, ...args].join(" "),
      name: [runName(id), ...args].join("-"),
      idempotent: args.length > 0,
    };
    const context: RestContext = { http: this.#http, signal };
    if (this.#dialect.run !== undefined) return this.#dialect.run(script, context);
    if (this.#dialect.execDirect === undefined) throw this.#error("unsupported", "the dialect can neither run a script nor a command");
    const result = await this.#dialect.execDirect(
      { script: script.line, stdin: [], stdoutLimit: hostLimits.report, stderrLimit: hostLimits.report },
      context,
    );
    return { kind: "finished", output: result.stdout };
  }

  /** From a hint to the truth. What the service fails to say is no hint at all: the result is looked for all the same. */
  async #settle(job: Job, attempt: Attempt, first: RunState, signal: AbortSignal): Promise<Done | NotStarted> {
    const begin = performance.now();
    let state = first;
    let silent = begin;
    let trouble: SremoteError | undefined;
    for (let look = 1; ; look += 1) {
      let report = this.#read(state, attempt);
      if (report === undefined && (state.kind === "queued" || state.kind === "running") && this.#dialect.poll !== undefined) {
        const { handle } = state;
        attempt.handle = handle;
        await pause(untilLook(look, this.#settings.pollInterval, lastLook), signal);
        const told = await this.#told(() => this.#dialect.poll!(handle, { http: this.#http, signal }), signal);
        if (told instanceof SremoteError) {
          trouble = told;
        } else {
          state = told;
          trouble = undefined;
          silent = performance.now();
          if (state.kind === "queued") this.#checkQueue(job, begin, state.detail);
          if (state.kind === "queued" || state.kind === "running") continue;
          report = this.#read(state, attempt);
        }
      }
      if (report === undefined) {
        const seen = await this.#told(() => this.#look(attempt, state, performance.now() - begin, signal), signal);
        if (seen instanceof SremoteError) trouble = seen;
        else report = seen;
      }
      switch (report?.kind) {
        case "done":
        case "void":
          return report;
        case "error":
          throw this.#hostError(report.message, job);
        case "lost":
        case "ended":
          throw this.#lost(job, "it ended without leaving one");
        case "running":
          state = { kind: "finished" };
          silent = performance.now();
          continue;
        default:
          if (
            performance.now() - silent >
            (state.kind === "queued" || state.kind === "running" ? unheardFor : this.#settings.visibilityTimeout)
          ) {
            throw this.#lost(job, state.kind === "failed" ? this.#http.redact(state.detail) : (trouble?.message ?? "the host shows none"));
          }
          if (state.kind === "missing") state = { kind: "finished" };
          await pause(untilLook(look, this.#settings.pollInterval, lastLook / 2), signal);
      }
    }
  }

  /** An answer, or the error with which the service itself answers for now. That it cannot be reached, or refuses the credentials, is thrown. */
  async #told<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | SremoteError> {
    try {
      return await ask();
    } catch (error) {
      const status = statusOf(error);
      if (signal.aborted || status === undefined || !(error instanceof ConnectError) || error.code === "auth-failed") throw error;
      return error;
    }
  }

  #read(state: RunState, attempt: Attempt): Report | undefined {
    if (state.kind !== "finished") return undefined;
    if (isCut(state.output, attempt.marker)) this.#inline = Math.floor(this.#inline / 4);
    return readReport(state.output, attempt.marker);
  }

  /** The report, asked of the script or read as a file: whichever is the quicker way for this service. */
  async #look(attempt: Attempt, state: RunState, waited: number, signal: AbortSignal): Promise<Report | undefined> {
    if (this.#outlives) {
      const told = await this.#tell(attempt, "ask", signal);
      if (told !== undefined) return told;
    }
    const chunks = new ByteList();
    const take = async (chunk: Uint8Array): Promise<void> => {
      chunks.add(chunk);
      if (chunks.length > hostLimits.report) throw this.#error("limit-exceeded", `a report of more than ${hostLimits.report} bytes`);
    };
    try {
      await this.#dialect.get(`${attempt.work}/${attempt.id}/rc`, { size: undefined, take }, { http: this.#http, signal });
    } catch (error) {
      if (!(error instanceof TransferError && error.code === "no-such-file")) throw error;
      const isLost = state.kind === "missing" || (state.kind === "finished" && attempt.handle === undefined && waited > patience);
      return this.#outlives || !isLost ? undefined : this.#tell(attempt, "ask", signal);
    }
    return readReport(chunks.take(), attempt.marker);
  }

  /** Runs the script with a verb, to its end. */
  async #tell(attempt: Attempt, verb: "ask" | "end", signal: AbortSignal): Promise<Report | undefined> {
    let state = await this.#run(attempt, [verb], signal);
    for (let look = 1; (state.kind === "queued" || state.kind === "running") && this.#dialect.poll !== undefined; look += 1) {
      await pause(untilLook(look, this.#settings.pollInterval, lastLook), signal);
      state = await this.#dialect.poll(state.handle, { http: this.#http, signal });
    }
    return this.#read(state, attempt);
  }

  #result(job: Job, attempt: Attempt, report: Done, signal: AbortSignal): Promise<Result> {
    const { visibilityTimeout } = this.#settings;
    if (report.stdout.size > job.stdoutLimit || report.stderr.size > job.stderrLimit)
      throw this.#error("limit-exceeded", "the host says that it kept more of the command's output than it was asked to keep");
    const release = (): void => this.#release(attempt);
    return resultOf(
      report,
      { dialect: this.#dialect, stage: job.stage, attempt, visibilityTimeout, release },
      { http: this.#http, signal },
    );
  }

  /** Its files may go. */
  #release({ id }: Attempt): void {
    this.#doubtful.delete(id);
    this.#work.release(id);
  }

  /** After a failure: whatever was begun on the host is ended if it is not wanted any more, and remembered if its state is unknown. */
  #abandon(attempt: Attempt, error: unknown, signal: AbortSignal): void {
    if (!attempt.submitted) return this.#release(attempt);
    this.#doubtful.set(attempt.id, attempt);
    const isLinkLost = error instanceof ConnectError && error.code === "connection-lost";
    if (signal.aborted || !isLinkLost) this.#end(attempt);
  }

  /** Ends a command on the host, without anybody waiting for it but `close`. One that cannot be ended now is tried again then. */
  #end(attempt: Attempt): void {
    // Where the host cannot be reached there is an error to report already.
    const tried = this.#tryToEnd(attempt, AbortSignal.timeout(endTimeout)).catch(() => undefined);
    const ending = tried.then(() => void this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  async #tryToEnd(attempt: Attempt, signal: AbortSignal): Promise<void> {
    const context: RestContext = { http: this.#http, signal };
    if (!this.#outlives && canCancel(this.#dialect)) {
      await endJob(this.#dialect, attempt, runName(attempt.id), context);
      return this.#release(attempt);
    }
    // For the service it may be over; what follows is what ends the command.
    if (attempt.handle !== undefined) await this.#dialect.cancel?.(attempt.handle, context, runName(attempt.id)).catch(() => {});
    const report = await this.#tell(attempt, "end", signal);
    if (report?.kind === "ended" || report?.kind === "void") this.#release(attempt);
  }

  #checkQueue(job: Job, begin: number, detail: string | undefined): void {
    const { queueTimeout } = this.#settings;
    if (queueTimeout === undefined || performance.now() - begin < queueTimeout) return;
    const state = detail === undefined ? "" : ` (${this.#http.redact(detail)})`;
    throw new SremoteError("timeout", `${job.stage}: still queued after ${queueTimeout} ms${state}`, {
      stage: "queue",
      host: this.#dialect.label,
    });
  }

  #hostError(message: string, job: Job): TransferError {
    // It came by way of the service, which knows the credentials.
    return new TransferError(codeOfMessage(message), `${job.stage}: ${this.#http.redact(message)}`, {
      stage: job.stage,
      host: this.#dialect.label,
    });
  }

  #lost(job: Job, why: string): ConnectError {
    return this.#error("connection-lost", `${job.stage}: the result of the command is lost: ${why}`, job);
  }

  #error(code: Code, summary: string, job?: Job): ConnectError {
    return new ConnectError(code, summary, { stage: job?.stage ?? "exec", host: this.#dialect.label });
  }
}

/** Whether the client, not the service, the network or the host, ended the exchange. */
function isOurs(error: ConnectError): boolean {
  return error.code === "connect-failed" && statusOf(error) === undefined;
}
