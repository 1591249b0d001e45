/* A call of a function as a part of a run. */
import { settledWithin, showAs } from "@sremote/connectors";
import type { CallArguments, CallOptions, CallResult, CapturedOutput, RemoteClient } from "@sremote/client";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { type ExitStatus, Job, jobShown, type JobSettings, type Signal, type StreamName } from "@sremote/process";

/** Makes a call with the code that was shipped when the call on all hosts was made. */
export type MakeCall = <C>(make: () => C) => C;

export interface WhatToCall {
  readonly module: string;
  readonly fn: string;
  readonly args: CallArguments;
  readonly options: CallOptions;
  readonly makeCall: MakeCall;
}

/** A call on one host. What the function raises is its `error`, with the reason `error`; it has no exit status but 0. */
export class RemoteCall<T = unknown> extends Job {
  readonly #client: (signal: AbortSignal) => Promise<RemoteClient>;
  readonly #what: WhatToCall;
  readonly #cancel = new AbortController();
  #done: Promise<void> | undefined;
  #abandoned = Promise.withResolvers<never>();
  /** Without its output, which is kept once, with that of all others. */
  #result: Omit<CallResult<T>, "stdout" | "stderr" | "output"> | undefined;

  /** @internal */
  constructor(client: (signal: AbortSignal) => Promise<RemoteClient>, what: WhatToCall, settings: JobSettings) {
    super(settings);
    this.#client = client;
    this.#what = what;
    this.#abandoned.promise.catch(() => undefined);
  }

  /** What the function returned; undefined as long as it has not, and if it never did. */
  get value(): T | undefined {
    return this.#result?.value;
  }

  /** All that is known of a call that returned; its output as far as it is kept. */
  get result(): CallResult<T> | undefined {
    if (this.#result === undefined) return undefined;
    const { output } = this;
    const captured = (stream: StreamName): CapturedOutput => ({
      bytes: output.bytes(stream),
      total: output.total(stream),
      truncated: output.isCut(stream),
    });
    const both = { stdout: captured("stdout"), stderr: captured("stderr") };
    return { ...this.#result, stdout: this.stdout, stderr: this.stderr, output: both };
  }

  static {
    showAs(this, "RemoteCall", jobShown);
  }

  protected async carryOut(signal: AbortSignal): Promise<ExitStatus> {
    this.step("the host to be reached");
    const client = await this.#client(signal);
    const { module, fn, args, options, makeCall } = this.#what;
    // From here on the call keeps it, with the host, which can say how the function ended.
    const timeout = this.takeDeadline();
    const take = (stream: "stdout" | "stderr") => ({ write: (bytes: Uint8Array) => this.deliver({ stream, bytes }) });
    const own = {
      ...options,
      ...(timeout === undefined ? {} : { timeout }),
      stdout: take("stdout"),
      stderr: take("stderr"),
      signal: AbortSignal.any([signal, this.#cancel.signal]),
    };
    const call = makeCall(() => client.call<T>(module, fn, args, own));
    const nothing = (): void => undefined;
    this.#done = call.settled.then(nothing, nothing);
    this.began();
    try {
      const { stdout: _, stderr: __, output: ___, ...result } = await Promise.race([call.settled, this.#abandoned.promise]);
      this.#result = result;
      return { exitCode: 0, signal: null };
    } catch (error) {
      if (error instanceof SremoteError && error.code === "timeout") this.end("timeout", error);
      throw error;
    }
  }

  /** The endpoint has its own steps from an interrupt to SIGKILL, which take a few seconds. */
  protected async terminate(_signal: Signal, delay: number): Promise<void> {
    this.#cancel.abort();
    const done = this.#done!;
    if ((await settledWithin(done, Math.max(delay, 5000))) && (await this.drain(done))) return;
    this.#abandoned.reject(
      new ConnectError("connection-lost", "the host has not confirmed that the call ended", { stage: "kill", host: this.name }),
    );
  }
}
