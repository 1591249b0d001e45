/* Calls over files on the host: each has a process of its own, and a durable result. */
import { limits, RemoteExecError, SremoteError } from "@sremote/protocol";
import { settle } from "../call/dependencies.ts";
import type { CallSettings } from "../call/environment.ts";
import type { Invocation, Message } from "../call/invocation.ts";
import { type EncodePart, messageOf } from "../call/message.ts";
import { PendingArguments } from "../call/pending.ts";
import type { NewCall, Reply, Transport } from "../call/transport.ts";
import { callHead } from "./request.ts";
import type { Spool } from "./spool.ts";

/** Options that only a session can keep. */
const ofSessions = ["queueTimeout", "idleTimeout", "workerName", "returns", "objectTimeout"] as const;

export class SpoolTransport implements Transport {
  readonly name = "spool";
  readonly #spool: Spool;
  readonly #settings: CallSettings;

  constructor(spool: Spool, settings: CallSettings) {
    this.#spool = spool;
    this.#settings = settings;
  }

  prepare(call: NewCall): Message {
    const { split, serializer, waits } = call;
    const encode: EncodePart = (...each) => serializer.encode(...each);
    const head = callHead(call, this.#settings);
    return waits
      ? { frame: undefined, pending: new PendingArguments(head, split, encode) }
      : { frame: messageOf(head, split, encode), pending: undefined };
  }

  /** @param isRepeated whether the host has lacked its code once */
  async perform(call: Invocation, isRepeated = false): Promise<Reply> {
    const { options, message, context } = call;
    for (const name of ofSessions) {
      if (options[name] !== undefined && options[name] !== "value") throw this.#unsupported(`options.${name}`, call);
    }
    // The function must not run for a result that cannot come back.
    if (call.isIterated) throw this.#unsupported("iterating over the items of a call", call);
    const sending = call.untilCodeIsThere();
    if (sending !== undefined) await sending;
    if (call.ending !== undefined) throw call.endedError(false);
    call.sent();
    const frame = message.frame ?? (await settle(call));
    if (context.notes !== undefined) context.notes.sentBytes = frame.size;
    const { releases } = this.#spool;
    const { base } = this.#spool.located(context.runtime);
    // Not with an id of the caller's: a repetition must be the same bytes, else the host takes it for another request.
    const release = options.id === undefined ? releases.take(base) : [];
    const abort = new AbortController();
    call.onEnding(({ reason }) => abort.abort(reason));
    call.waitsFor = () => "the host to take it";
    let reply: Reply;
    try {
      reply = await this.#spool.call({
        id: call.id,
        runtime: context.runtime,
        what: context.what,
        frame: frame.input(release.length === 0 ? "" : `,"release":${JSON.stringify(release)}`),
        check: () => frame.check(),
        onSent: () => call.mayRun(),
        timeout: options.timeout,
        signal: abort.signal,
        outputLimit: options.outputLimit ?? limits.output,
        install: false,
        repeatable: options.id !== undefined,
      });
    } catch (error) {
      releases.giveBack(base, release);
      if (error instanceof RemoteExecError && error.code === "code-missing" && context.code !== undefined && !isRepeated) {
        context.code.forget();
        call.notSent();
        return await this.perform(call, true);
      }
      throw endedError(call, error) ?? error;
    }
    await feed(call, reply);
    // Without what is discarded, and what was read live.
    return { ...reply, stdout: call.captured("stdout"), stderr: call.captured("stderr") };
  }

  #unsupported(feature: string, { options, context }: Invocation): SremoteError {
    return new SremoteError("unsupported", `${feature} needs a session, and this call goes over files on the host`, {
      host: context.host,
      hint: options.id === undefined ? "the connector cannot start live processes" : "leave options.id out",
    });
  }
}

/** The error of a call that its caller or a deadline has ended, unless the host may have it and was told to end it. */
function endedError(call: Invocation, error: unknown): SremoteError | undefined {
  const { ending, isSentOff } = call;
  if (ending === undefined || !(error instanceof SremoteError) || error.code !== "cancelled") return undefined;
  return ending.kind === "timeout" || !isSentOff ? call.endedError(isSentOff) : undefined;
}

/** The output comes with the reply, and live readers get it then. */
async function feed(call: Invocation, reply: Reply): Promise<void> {
  for (const name of ["stdout", "stderr"] as const) {
    const { bytes, total } = reply[name];
    if (total === 0) continue;
    const output = call[name];
    if (bytes.length > 0) output.feed(bytes);
    output.missed(total - bytes.length);
    await output.passedOn();
  }
}
