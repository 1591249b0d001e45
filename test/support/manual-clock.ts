import type { Clock } from "@sremote/fleet";

/** A clock that moves only when waited for, or told to. */
export class ManualClock implements Clock {
  /** The waits, in milliseconds, in their order. */
  readonly waits: number[] = [];
  /** Called in the midst of each wait. */
  during: (() => void) | undefined;
  #wall: number;
  #passed = 0;

  constructor(wall: number) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#passed;
  }

  /** Time passes. */
  advance(milliseconds: number): void {
    this.#wall += milliseconds;
    this.#passed += milliseconds;
  }

  /** Somebody sets the clock. */
  set(wall: number): void {
    this.#wall = wall;
  }

  async wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.waits.push(milliseconds);
    this.during?.();
    signal?.throwIfAborted();
    this.advance(milliseconds);
    await Promise.resolve();
  }
}
