import type { Slots } from "@sremote/connectors";

/** One host's place among those at work, which is left for as long as it is only waited for. */
export class Turn {
  readonly #slots: Slots;
  readonly #signal: AbortSignal;
  #release: (() => void) | undefined;

  constructor(slots: Slots, signal: AbortSignal) {
    this.#slots = slots;
    this.#signal = signal;
  }

  async take(): Promise<void> {
    this.#release = await this.#slots.acquire(this.#signal);
  }

  give(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Others have the turn meanwhile. */
  async pause(wait: () => Promise<void>): Promise<void> {
    this.give();
    await wait();
    await this.take();
  }
}
