import type { Slots } from "@sremote/connectors";

/** One host's place among those at work, which is left for as long as it is only waited for. */
export class Turn {
  readonly #window: Slots;
  readonly #signal: AbortSignal;
  #release: (() => void) | undefined;

  constructor(window: Slots, signal: AbortSignal) {
    this.#window = window;
    this.#signal = signal;
  }

  async take(): Promise<void> {
    this.#release = await this.#window.acquire(this.#signal);
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
