import { backOff, type Connector, pause } from "@sremote/connectors";
import {
  type Attachments,
  type Code,
  ConnectError,
  decodeFrame,
  decodeMessage,
  OutcomeUnknownError,
  ProtocolError,
  type ReplyMessage,
  RemoteExecError,
  RemoteNotSetupError,
  SremoteError,
  TransferError,
} from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import type { CallRequest } from "./request.ts";
import type { CapturedOutput } from "../call/result.ts";
import type { Reply } from "../call/transport.ts";
import { callByFiles } from "./file-call.ts";
import { type Located, payloadOf, Unanswered } from "../host/launch.ts";
import { callByExec } from "./exec-call.ts";
import { chooseInterpreter, probeHost } from "../host/probe.ts";
import { PulledBytes } from "./pulled-bytes.ts";
import { Releases } from "./releases.ts";
import type { HostSettings, SpoolHost } from "../host/settings.ts";
import { SentIds } from "./sent-ids.ts";

/** Attempts of one call over links that break. The host answers a repeated id from its spool, so no attempt runs it again. */
const attempts = 4;

/** After these the client cannot know whether the host got the call. `protocol-error`: the call or its reply arrived damaged. */
const linkFailures = new Set<Code>(["connection-lost", "timeout", "protocol-error"]);

/** Stage of the error for a request that the host could not read: damaged on its way, or made wrong. The host has not taken its id. */
const unread = "request";

/** Whether an attempt that failed so may have run the function, had the request been sent. */
function isDoubtful(error: unknown): boolean {
  return error instanceof Unanswered || (error instanceof SremoteError && linkFailures.has(error.code) && error.stage !== unread);
}

/**
 * Calls over the spool: at-most-once execution, durable result. Where the connector's `exec` takes standard input, a call is one
 * `exec`; elsewhere it is push, exec, pull.
 */
export class Spool implements SpoolHost {
  readonly connector: Connector;
  readonly settings: HostSettings;
  readonly releases: Releases;
  readonly #sentIds = new SentIds();
  readonly #located = new Map<Runtime, Located>();

  constructor(connector: Connector, settings: HostSettings) {
    this.connector = connector;
    this.settings = settings;
    this.releases = new Releases(connector);
  }

  located(runtime: Runtime): Located {
    let known = this.#located.get(runtime);
    if (known === undefined) {
      known = { base: this.settings.sremoteDir, interpreter: this.settings[runtime], installed: false };
      this.#located.set(runtime, known);
    }
    return known;
  }

  /** Forgets what was found on the host: after a directory or interpreter was configured anew. */
  forget(): void {
    this.#located.clear();
  }

  async call(given: CallRequest): Promise<Reply> {
    let mayHaveRun = false;
    let isSent = false;
    const onSent = (): void => {
      isSent = true;
      if (given.repeatable) this.#sentIds.add(given.id);
      given.onSent();
    };
    const request = { ...given, onSent };
    // An earlier call that this client sent with the same id may have run.
    if (given.repeatable && this.#sentIds.mayHave(given.id)) onSent();
    // Every attempt goes to the same spool, also when the client is configured anew meanwhile: another one would run the call again.
    const known = this.located(request.runtime);
    const onAnswered = (): void => {
      mayHaveRun = true;
    };
    for (let attempt = 1; ; attempt++) {
      try {
        request.signal?.throwIfAborted();
        const bytes = await this.#carry(request, known, onAnswered);
        return await this.#receive(request, known, bytes, onAnswered);
      } catch (error) {
        // Sent again, bytes that have changed would be refused again.
        if (!mayHaveRun && error instanceof SremoteError && error.code === "protocol-error") request.check();
        mayHaveRun ||= isSent && isDoubtful(error);
        const next = await this.#afterFailure(error, request, known, attempt, mayHaveRun).catch((second: unknown) => second);
        if (next !== "again") throw this.#cancelled(request, known, next, isSent) ?? next;
      }
    }
  }

  /** The error of an aborted call, wherever the abort met it. */
  #cancelled(request: CallRequest, known: Located, error: unknown, isSent: boolean): RemoteExecError | undefined {
    if (request.signal?.aborted !== true) return undefined;
    // The endpoint was told to end the function, and stores a reply that will not be fetched.
    this.#received(request, known.base);
    const options = { stage: "call", host: this.connector.label, callId: request.id };
    return new RemoteExecError("cancelled", `${request.what} was cancelled`, {
      ...options,
      outcome: isSent ? "cancelled" : "not-run",
      cause: request.signal.reason ?? error,
    });
  }

  /** The host may forget the call. One whose id the caller chose is kept for its repetitions, until the host's sweep. */
  #received(request: CallRequest, base: string | undefined): void {
    if (!request.repeatable && base !== undefined) this.releases.add(base, request.id);
  }

  /** @param onAnswered called when the endpoint has said that its answer is there, and that is still to be fetched */
  #carry(request: CallRequest, known: Located, onAnswered: () => void): Promise<Uint8Array> {
    return this.connector.acceptsStdin ? callByExec(this, request, known) : callByFiles(this, request, known, onAnswered);
  }

  async #afterFailure(
    thrown: unknown,
    request: CallRequest,
    known: Located,
    attempt: number,
    mayHaveRun: boolean,
  ): Promise<SremoteError | "again"> {
    const options = { stage: "call", host: this.connector.label, callId: request.id };
    let error = SremoteError.from(thrown, "endpoint-broken", options);
    if (request.signal?.aborted === true) return error;
    try {
      if (error instanceof RemoteNotSetupError && (await this.#repair(error, request, known, attempt))) return "again";
    } catch (second) {
      error = SremoteError.from(second, "endpoint-broken", options);
    }
    // Once the call may have run, failing to get there again says nothing about what became of it.
    const isMissed = linkFailures.has(error.code) || error instanceof ConnectError || error instanceof TransferError;
    // A link that broke before it had carried anything is tried again as well.
    const mayGoBetter = mayHaveRun || error.stage === unread || isDoubtful(error);
    if (!mayGoBetter || !(isMissed || error instanceof RemoteNotSetupError)) return error;
    if (error.code !== "timeout" && attempt < attempts) {
      await pause(backOff(attempt, 200, 800, "none"), request.signal);
      return "again";
    }
    if (!mayHaveRun) return error;
    const why =
      error.code === "protocol-error"
        ? "the host's answers arrived damaged"
        : error instanceof RemoteNotSetupError
          ? "the endpoint did not answer, and the host's spool could not be asked"
          : "the link was lost and the host's spool could not be asked";
    return new OutcomeUnknownError("outcome-unknown", `whether ${request.what} ran is unknown: ${why}`, {
      ...options,
      cause: error,
      lastLines: error.lastLines,
      hint: `repeat the call with { id: "${request.id}" } later: it returns the result if there is one and never runs twice`,
    });
  }

  /** @returns whether the next attempt may find what this one missed @throws what kept us from finding that out */
  async #repair(error: RemoteNotSetupError, request: CallRequest, known: Located, attempt: number): Promise<boolean> {
    if (error.code === "not-setup" && (this.settings.autoInstall || request.install) && attempt < attempts) {
      known.installed = false; // the endpoint was removed since
      return true;
    }
    if (error.code !== "endpoint-broken" || attempt > 1 || this.settings[request.runtime] !== undefined) return false;
    // The first name on PATH does not work (a version manager's stand-in, say): start every candidate and take one that does.
    const report = await probeHost(this.connector, { base: known.base, runtime: request.runtime, signal: request.signal });
    known.interpreter = chooseInterpreter(report, request.runtime, this.connector.label);
    known.installed = false;
    return true;
  }

  async #receive(request: CallRequest, known: Located, bytes: Uint8Array, onAnswered: () => void): Promise<Reply> {
    const { message, attachments } = this.#decode(request, bytes);
    // Its output may still have to be fetched.
    onAnswered();
    if (message.host.endpoint === payloadOf(request.runtime).sha256) {
      Object.assign(known, {
        base: message.host.base,
        interpreter: this.settings[request.runtime] ?? message.host.executable,
        installed: true,
      });
    }
    const stdout = await this.#output(message, "stdout", attachments, request);
    const stderr = await this.#output(message, "stderr", attachments, request);
    this.#received(request, message.host.base);
    return { message, host: message.host, attachments, bytes: bytes.length, stdout, stderr };
  }

  #decode(request: CallRequest, bytes: Uint8Array): { message: ReplyMessage; attachments: Attachments } {
    const { message, attachments } = decodeMessage(decodeFrame(bytes));
    if (message.type !== "reply")
      throw new ProtocolError("protocol-error", `the host sent a ${message.type}, not a reply`, { host: this.connector.label });
    if (message.id !== request.id && message.outcome !== "not-run") {
      throw new ProtocolError("protocol-error", "the host answered with the reply of another call", {
        host: this.connector.label,
        callId: request.id,
      });
    }
    if (message.outcome === "not-run" && message.error?.code === "protocol-error") {
      throw new ProtocolError("protocol-error", `the host could not read the request: ${message.error.message}`, {
        stage: unread,
        host: this.connector.label,
        callId: request.id,
      });
    }
    return { message, attachments };
  }

  /** Output too long for the reply lies beside it on the host. */
  async #output(
    message: ReplyMessage,
    which: "stdout" | "stderr",
    attachments: Attachments,
    request: CallRequest,
  ): Promise<CapturedOutput> {
    const part = message[which];
    const told = { total: part.bytes, truncated: part.truncated };
    if (part.bytes === 0) return { bytes: new Uint8Array(), ...told };
    if (part.index !== undefined) return { bytes: attachments.take(part.index, which), ...told };
    const pulled = new PulledBytes(Math.min(part.bytes, request.outputLimit));
    const sink = { write: (chunk: Uint8Array): void => pulled.add(chunk) };
    await this.connector.pull(`${message.host.base}/calls/${message.id}/${which}`, sink, { signal: request.signal });
    const bytes = pulled.take();
    if (!part.truncated && bytes.length !== part.bytes)
      throw new ProtocolError(
        "protocol-error",
        `the host has ${bytes.length} of the ${part.bytes} bytes of ${which} that it says it kept`,
        {
          host: this.connector.label,
          callId: request.id,
        },
      );
    return { bytes, ...told };
  }
}
