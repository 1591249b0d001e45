/* Callbacks that a host asks for: of all calls of a session together, so many and so much may be without their answers. */
import { hostLimits } from "@sremote/protocol";

/** Those of a session. */
export class SessionAsks {
  count = 0;
  /** Of the frames of calls that have asked more than once. The arguments of one callback are what its caller asked for, whatever their size. */
  bytes = 0;
}

/** Those of one call. */
export class OpenAsks {
  readonly #all: SessionAsks;
  /** Asks whose answers are not sent, and the bytes of their arguments; of the answers that wait to be sent, the number alone. */
  #count = 0;
  #bytes = 0;
  #answers = 0;

  constructor(all: SessionAsks) {
    this.#all = all;
  }

  /** @returns how the session's limits are passed, if they are */
  add(bytes: number): string | undefined {
    this.#change(1, bytes);
    const { count, bytes: together } = this.#all;
    if (count <= hostLimits.asks && together <= hostLimits.askBytes) return undefined;
    return `asks for callbacks and takes no answers: ${count} of them, ${together} bytes`;
  }

  /** An answer waits to be sent. */
  answered(bytes: number): void {
    this.#answers++;
    this.#change(0, -bytes);
  }

  /** All answers are sent. */
  sent(): void {
    this.#change(-this.#answers, 0);
    this.#answers = 0;
  }

  /** The call is over. */
  end(): void {
    this.#change(-this.#count, -this.#bytes);
    this.#answers = 0;
  }

  #change(count: number, bytes: number): void {
    const before = this.#shared();
    this.#count += count;
    this.#bytes += bytes;
    this.#all.count += count;
    this.#all.bytes += this.#shared() - before;
  }

  #shared(): number {
    return this.#count > 1 ? this.#bytes : 0;
  }
}
