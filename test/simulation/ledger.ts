/* What really happened on the host, call by call: nothing of the product writes here, or reads. */
import type { SimProcess } from "./virtual-clock.ts";

export class Ledger {
  /** How often the function of a call began, by the call's key. */
  readonly #effects = new Map<string, number>();
  readonly #running = new Map<string, SimProcess>();

  readonly #began = new Map<string, number>();

  begin(key: string, process: SimProcess): void {
    this.#began.set(key, performance.now());
    this.#effects.set(key, this.effects(key) + 1);
    this.#running.set(key, process);
  }

  end(key: string): void {
    this.#running.delete(key);
  }

  effects(key: string): number {
    return this.#effects.get(key) ?? 0;
  }

  beganBefore(key: string, at: number): boolean {
    return (this.#began.get(key) ?? Infinity) < at;
  }

  runs(key: string): boolean {
    return this.#running.get(key)?.isGone === false;
  }
}
