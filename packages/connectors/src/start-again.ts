/*
 * Starts that the host undoes. When a command of a connection ends, dropbear closes all other channels of the connection that are open and have
 * no command yet, as if theirs had ended, too. Nothing has begun on them, so the start is made again.
 */
import { Slots } from "./slots.ts";

/** As many as commands that run at once, whose ends can undo a start. Another one is the host's refusal. */
const most = 8;

export class StartAgain {
  #isNeeded = false;
  readonly #turn = new Slots(1);

  /** Whether a start was undone before. */
  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  /**
   * Where a start was undone once, starts take turns: each end of a command then undoes one start at most.
   *
   * @param attempt its argument tells whether it goes before those who wait
   * @param wasUndone whether the attempt that ended with the error began nothing, and another may succeed
   */
  async run<T>(
    attempt: (first: boolean) => Promise<T>,
    wasUndone: (error: unknown) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    let release = this.#isNeeded ? await this.#turn.acquire(signal) : undefined;
    try {
      for (let left = most, again = false; ; left -= 1, again = true) {
        try {
          return await attempt(again);
        } catch (error) {
          if (left === 0 || !wasUndone(error)) throw error;
        }
        this.#isNeeded = true;
        release ??= await this.#turn.acquire(signal);
      }
    } finally {
      release?.();
    }
  }
}
