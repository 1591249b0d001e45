/* What belongs to one start of a job, and not to the next after a reset. */
import { after } from "./after.ts";

/** From one start to its end. */
export class Round {
  readonly control: AbortController = new AbortController();
  readonly began: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly over: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Output is being taken. */
  readonly reader: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Readers are no longer waited for. */
  readonly dropped: PromiseWithResolvers<void> = Promise.withResolvers();
  isDropping = false;
  /** When its deadline passes. */
  #ends: number | undefined;
  #clear = (): void => undefined;

  keepDeadline(milliseconds: number | null, passed: () => void): void {
    if (milliseconds === null) return;
    this.#ends = performance.now() + milliseconds;
    this.#clear = after(milliseconds, passed);
  }

  /** Milliseconds that are left; the caller keeps the deadline from now on. */
  takeDeadline(): number | undefined {
    this.#clear();
    return this.#ends === undefined ? undefined : Math.max(1, Math.ceil(this.#ends - performance.now()));
  }
}
