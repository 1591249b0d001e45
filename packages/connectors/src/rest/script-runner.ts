/* One command as a script on the host: sent, started once, asked after, its result fetched, or ended. */
import { randomBytes } from "node:crypto";
import { ConnectError, SremoteError, TransferError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { newMarker } from "../process/marker.ts";
import { Slots } from "../slots.ts";
import { codeOfMessage } from "../transfer/error.ts";
import type { RestContext, RunState, ScriptDialect, ScriptRun } from "./dialect.ts";
import type { HttpClient } from "./http.ts";
import type { Attempt, Job } from "./job.ts";
import { isCut, readReport } from "./report.ts";
import type { Done, Report } from "./report.ts";
import { resultOf } from "./result.ts";
import type { Result } from "./result.ts";
import { backoff, pause } from "./retry.ts";
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
/** More than any report has; a service that says more than that is not believed. */
const mostReport = 16 * 2 ** 20;
/** A command whose first request proved never to have arrived is sent again, under another id, this many times. */
const submissions = 6;
/** Milliseconds for ending a command on the host. */
const endTimeout = 20_000;
/** Milliseconds between looks: from, to. */
const [firstLook, lastLook] = [300, 10_000];
/** A service that cannot run a script at once is asked for one's fate only after so many milliseconds without its report. */
const patience = 15_000;

/** `void`: it is certain that it never will be. `gone`: the directory that it was to be put into. */
interface NotStarted {
  readonly kind: "void" | "gone";
}

export class ScriptRunner {
  readonly #dialect: ScriptDialect;
  readonly #http: HttpClient;
  readonly #settings: RestSettings;
  readonly #slots: Slots;
  readonly #work: WorkDirectory;
  /** Whether processes outlive the request that started them, so that a script can be asked at any time: not so for jobs. */
  readonly #outlives: boolean;
  #inline: number;

  constructor(dialect: ScriptDialect, http: HttpClient, settings: RestSettings) {
    this.#dialect = dialect;
    this.#http = http;
    this.#settings = settings;
    this.#slots = new Slots(settings.parallel);
    this.#work = new WorkDirectory(dialect, http, settings.directory);
    this.#outlives = Number.isFinite(dialect.limits.hold ?? 0);
    this.#inline = dialect.limits.inline ?? defaultInline;
  }

  /** Runs a command to its end. An abort ends it on the host. */
  async run(job: Job, signal: AbortSignal): Promise<Result> {
    for (let submission = 1; ; submission += 1) {
      const attempt = await this.#prepare(signal);
      try {
        const report = await this.#perform(job, attempt, signal);
        if (report.kind === "done") return await this.#result(job, attempt, report, signal);
        this.#work.release(attempt.id);
        if (submission >= submissions)
          throw this.#error("connection-lost", "the command could not be started: requests to start it do not arrive", job);
        if (report.kind === "gone") this.#work.forget();
        await pause(backoff(submission, 50, 5000), signal);
      } catch (error) {
        await this.#abandon(attempt, error, signal);
        throw error;
      }
    }
  }

  /** Ends what may still run and removes the directory on the host. */
  async close(): Promise<void> {
    const signal = AbortSignal.timeout(endTimeout);
    const context: RestContext = { http: this.#http, signal };
    const path = this.#work.doubtful.size === 0 ? undefined : await this.#work.path(signal);
    for (const id of this.#work.doubtful) {
      const attempt = {
        id,
        marker: newMarker(),
        path: `${path}/${id}.sh`,
        work: path ?? "",
        parts: [],
        submitted: true,
        handle: undefined,
      };
      await this.#tell(attempt, "end", signal);
    }
    await this.#work.remove(context);
  }

  async #prepare(signal: AbortSignal): Promise<Attempt> {
    const work = await this.#work.path(signal);
    const id = randomBytes(8).toString("hex");
    return { id, marker: newMarker(), path: `${work}/${id}.sh`, work, parts: [], submitted: false, handle: undefined };
  }

  async #perform(job: Job, attempt: Attempt, signal: AbortSignal): Promise<Done | NotStarted> {
    const free = await this.#slots.acquire(signal);
    let state: RunState;
    try {
      const context: RestContext = { http: this.#http, signal };
      const sent = await upload({ dialect: this.#dialect, work: this.#work, job, attempt, inline: this.#inline }, context);
      if (!sent) return { kind: "gone" };
      state = await this.#submit(attempt, signal);
    } finally {
      free();
    }
    return this.#settle(job, attempt, state, signal);
  }

  /** Asks the service to run the script, once. Not knowing whether it took the request is a state, not an error. */
  async #submit(attempt: Attempt, signal: AbortSignal): Promise<RunState> {
    attempt.submitted = true;
    try {
      return await this.#run(attempt, [], signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SremoteError) || !notSent.has(error.code)) return { kind: "finished" };
      attempt.submitted = false;
      if (error.code !== "no-such-file") throw error;
      throw new ConnectError("channel-failed", error.summary, { stage: "exec", host: this.#dialect.label, cause: error });
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
      { script: script.line, stdin: [], maxStdout: mostReport, maxStderr: mostReport },
      context,
    );
    return { kind: "finished", output: result.stdout };
  }

  /** From a hint to the truth. */
  async #settle(job: Job, attempt: Attempt, first: RunState, signal: AbortSignal): Promise<Done | NotStarted> {
    const begin = performance.now();
    let state = first;
    let silent = begin;
    for (let look = 1; ; look += 1) {
      let report = this.#read(state, attempt);
      if (report === undefined && (state.kind === "queued" || state.kind === "running") && this.#dialect.poll !== undefined) {
        attempt.handle = state.handle;
        if (state.kind === "queued") this.#checkQueue(job, begin, state.detail);
        await pause(backoff(look, firstLook, lastLook), signal);
        state = await this.#dialect.poll(state.handle, { http: this.#http, signal });
        silent = performance.now();
        if (state.kind === "queued" || state.kind === "running") continue;
        report = this.#read(state, attempt);
      }
      report ??= await this.#look(attempt, state, performance.now() - begin, signal);
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
          if (performance.now() - silent > this.#settings.visibility) {
            throw this.#lost(job, state.kind === "failed" ? this.#http.redact(state.detail) : "the host shows none");
          }
          if (state.kind === "missing") state = { kind: "finished" };
          await pause(backoff(look, firstLook, lastLook / 2), signal);
      }
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
    const chunks: Uint8Array[] = [];
    try {
      await this.#dialect.get(
        `${attempt.work}/${attempt.id}/rc`,
        { size: undefined, take: async (chunk) => void chunks.push(chunk) },
        { http: this.#http, signal },
      );
    } catch (error) {
      if (!(error instanceof TransferError && error.code === "no-such-file")) throw error;
      const isLost = state.kind === "missing" || (state.kind === "finished" && attempt.handle === undefined && waited > patience);
      return this.#outlives || !isLost ? undefined : this.#tell(attempt, "ask", signal);
    }
    return readReport(Buffer.concat(chunks), attempt.marker);
  }

  /** Runs the script with a verb, to its end. */
  async #tell(attempt: Attempt, verb: "ask" | "end", signal: AbortSignal): Promise<Report | undefined> {
    let state = await this.#run(attempt, [verb], signal);
    for (let look = 1; (state.kind === "queued" || state.kind === "running") && this.#dialect.poll !== undefined; look += 1) {
      await pause(backoff(look, firstLook, lastLook), signal);
      state = await this.#dialect.poll(state.handle, { http: this.#http, signal });
    }
    return this.#read(state, attempt);
  }

  #result(job: Job, attempt: Attempt, report: Done, signal: AbortSignal): Promise<Result> {
    const { visibility } = this.#settings;
    const release = (): void => this.#work.release(attempt.id);
    return resultOf(report, { dialect: this.#dialect, stage: job.stage, attempt, visibility, release }, { http: this.#http, signal });
  }

  /** After a failure: whatever was begun on the host is ended if it is not wanted any more, and remembered if nobody knows. */
  async #abandon(attempt: Attempt, error: unknown, signal: AbortSignal): Promise<void> {
    if (!attempt.submitted) return this.#work.release(attempt.id);
    this.#work.doubtful.add(attempt.id);
    const isLinkLost = error instanceof ConnectError && error.code === "connection-lost";
    if (!signal.aborted && isLinkLost) return;
    try {
      const own = AbortSignal.timeout(endTimeout);
      if (attempt.handle !== undefined && this.#dialect.cancel !== undefined) {
        const cancelling = this.#dialect.cancel(attempt.handle, { http: this.#http, signal: own }, runName(attempt.id));
        if (!this.#outlives) {
          await cancelling;
          return this.#work.release(attempt.id);
        }
        // It may be over for the service; what follows is what ends the command.
        await cancelling.catch(() => {});
      }
      const report = await this.#tell(attempt, "end", own);
      if (report?.kind === "ended" || report?.kind === "void") this.#work.release(attempt.id);
    } catch {
      // The host cannot be reached; the error that led here is the one to report. The command is tried again when the connector closes.
    }
  }

  #checkQueue(job: Job, begin: number, detail: string | undefined): void {
    const { startTimeout } = this.#settings;
    if (startTimeout === undefined || performance.now() - begin < startTimeout) return;
    const state = detail === undefined ? "" : ` (${this.#http.redact(detail)})`;
    throw new SremoteError("timeout", `${job.stage}: still queued after ${startTimeout} ms${state}`, {
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

/** What the service knows a command as. */
function runName(id: string): string {
  return `sremote-${id}`;
}
