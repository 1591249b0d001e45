/* Standard input that waits until the command is known to read it. */
import { Writable } from "node:stream";

/**
 * Holds what is written until {@link open}: before, a shell may be there that takes it for commands. Its end goes through at once where
 * nothing was written: that is harmless, and ends a start-up file that waits for an answer.
 *
 * Emits `open` right before the first byte goes out; that may be never.
 *
 * A target that takes no more is reported by {@link close}; what is written then fails with EPIPE, as a pipe's would.
 */
export class GatedInput extends Writable {
  readonly #target: Writable;
  readonly #drop: () => unknown;
  readonly #first: Uint8Array;
  #open = false;
  #closed = false;
  #ended = false;
  /** A write that waits for the gate. */
  #held: Uint8Array | undefined;
  /** Answers the write that is on its way. */
  #pending: ((error?: Error | null) => void) | undefined;
  /** The end waits for the gate. */
  #final: ((error?: Error | null) => void) | undefined;

  /**
   * @param target the command's own input
   * @param first goes before all that is written
   * @param drop called in place of an end of the target where nothing that still waits here is wanted
   */
  constructor(target: Writable, first: Uint8Array, drop: () => unknown = () => target.end()) {
    super({ highWaterMark: 256 * 1024 });
    this.#target = target;
    this.#drop = drop;
    this.#first = first;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Whether something, or the end, waits for the gate, or may yet. */
  get isHeld(): boolean {
    return !this.#open && !this.#closed && !this.#ended;
  }

  /** The command reads its input. */
  open(): void {
    if (this.#open || this.#closed || this.#ended) return;
    this.#open = true;
    this.emit("open");
    if (this.#first.length > 0) this.#target.write(this.#first, () => undefined);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#target.write(held, (error) => this.#answer(error ?? null));
    const final = this.#final;
    this.#final = undefined;
    if (final === undefined) return;
    this.#end();
    final();
  }

  /** The target takes no more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = undefined;
    this.#answer(brokenPipe());
    this.#final?.();
    this.#final = undefined;
    if (!this.writableFinished) this.destroy();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#closed) return callback(brokenPipe());
    this.#pending = callback;
    if (this.#open) this.#target.write(chunk, (error) => this.#answer(error ?? null));
    else this.#held = chunk;
  }

  override _final(callback: (error?: Error | null) => void): void {
    // Whatever was written has been answered, so it went through the gate.
    if (this.#open || this.#closed || this.#first.length === 0) {
      this.#end();
      callback();
    } else {
      this.#final = callback;
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#closed && !this.#ended) {
      this.#ended = true;
      this.#drop();
    }
    this.#held = undefined;
    this.#answer(error ?? brokenPipe());
    callback(error);
  }

  #end(): void {
    if (this.#closed || this.#ended) return;
    this.#ended = true;
    this.#target.end();
  }

  #answer(error: Error | null): void {
    const callback = this.#pending;
    this.#pending = undefined;
    callback?.(error);
  }
}

function brokenPipe(): Error {
  return Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
}
