/* A transfer as a part of a run. */
import { settledWithin, showAs } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { ConnectError, SremoteError, TransferError } from "@sremote/protocol";
import { type ExitStatus, Job, jobShown, type JobSettings, type Signal } from "@sremote/process";
import type { TransferResult } from "@sremote/transfer";

/** @param timeout milliseconds; undefined: none */
export type Transfer = (connector: Connector, signal: AbortSignal, timeout: number | undefined) => Promise<TransferResult>;

/** Trees on their way to or from one host. Where something could not be copied, its reason is `error`, and the rest was copied. */
export class RemoteTransfer extends Job {
  readonly #reach: (signal: AbortSignal) => Promise<Connector>;
  readonly #transfer: Transfer;
  readonly #control = new AbortController();
  readonly #abandoned = Promise.withResolvers<never>();
  #done: Promise<TransferResult> | undefined;
  #result: TransferResult | undefined;

  /** @internal */
  constructor(reach: (signal: AbortSignal) => Promise<Connector>, transfer: Transfer, settings: JobSettings) {
    super(settings);
    this.#reach = reach;
    this.#transfer = transfer;
    this.#abandoned.promise.catch(() => undefined);
  }

  /** What was copied; undefined as long as it has not ended, and of one that broke off. */
  get result(): TransferResult | undefined {
    return this.#result;
  }

  static {
    showAs(this, "RemoteTransfer", jobShown);
  }

  protected async carryOut(signal: AbortSignal): Promise<ExitStatus> {
    this.step("the host to be reached");
    const connector = await this.#reach(signal);
    this.#done = this.#transfer(connector, AbortSignal.any([signal, this.#control.signal]), this.takeDeadline());
    this.#done.catch(() => undefined);
    this.began();
    try {
      this.#result = await Promise.race([this.#done, this.#abandoned.promise]);
    } catch (error) {
      if (error instanceof SremoteError && error.code === "timeout") this.end("timeout", error);
      throw error;
    }
    const [first] = this.#result.failures;
    if (this.#result.ok || first === undefined) return { exitCode: 0, signal: null };
    const others = this.#result.failures.length - 1;
    throw new TransferError("transfer-failed", `${first.path}: ${first.message}${others > 0 ? `, and ${others} others` : ""}`, {
      stage: "transfer",
      host: connector.label,
    });
  }

  protected async terminate(_signal: Signal, delay: number): Promise<void> {
    this.#control.abort();
    if (await settledWithin(this.#done!, delay)) return;
    this.#abandoned.reject(
      new ConnectError("connection-lost", "the host has not confirmed that the transfer ended", { stage: "kill", host: this.name }),
    );
  }
}
