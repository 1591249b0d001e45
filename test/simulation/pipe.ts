/* One direction of a link or a local pipe: bytes keep their order, and come cut anywhere and as late as chance has it. */
import { Duplex, Readable, Writable } from "node:stream";
import type { Chance } from "./chance.ts";
import { running, type SimProcess, type VirtualClock } from "./virtual-clock.ts";

export interface Surroundings {
  readonly clock: VirtualClock;
  readonly chance: Chance;
}

export interface Receiver {
  readonly process: SimProcess;
  data(chunk: Buffer): void;
  end(): void;
}

/** Bytes on their way beyond which a writer waits. */
const window = 131_072;

export class Pipe {
  readonly #around: Surroundings;
  readonly #delay: () => number;
  #receiver: Receiver | undefined;
  /** What came before there was a receiver. */
  #early: (Buffer | "end")[] = [];
  /** What is on its way. */
  readonly #queue: { at: number; act: () => void }[] = [];
  /** When the last of it arrives. */
  #last = 0;
  #inFlight = 0;
  #waiting: (() => void)[] = [];
  /** What was sent before it was cut does not arrive. */
  #cuts = 0;
  #isCut = false;
  #isEnded = false;
  /** Bytes that came through, and who is told of each piece. */
  carried = 0;
  onCarried: (() => void) | undefined;
  #flip = false;

  /** @param delay milliseconds on the way, for each piece */
  constructor(around: Surroundings, delay: () => number) {
    this.#around = around;
    this.#delay = delay;
  }

  /** From now on this one gets what comes; what came before, at once. */
  open(receiver: Receiver): void {
    this.#receiver = receiver;
    for (const each of this.#early.splice(0)) this.#hand(each);
  }

  /** Whoever took these bytes gives them back, for the next receiver. */
  close(rest: Buffer): void {
    this.#receiver = undefined;
    if (rest.length > 0) this.#early.push(rest);
  }

  write(chunk: Uint8Array, done: () => void): void {
    const sender = running.getStore();
    if (this.#isCut || this.#isEnded) return done();
    const bytes = Buffer.from(chunk);
    const { chance } = this.#around;
    if (this.#flip && bytes.length > 0) {
      this.#flip = false;
      bytes[chance.between(0, bytes.length - 1)]! ^= 1 << chance.between(0, 7);
    }
    const pieces: Buffer[] = [];
    let rest = bytes;
    while (rest.length > 1 && pieces.length < 3 && chance.happens(rest.length > 8192 ? 0.7 : 0.15)) {
      const at = chance.between(1, rest.length - 1);
      pieces.push(rest.subarray(0, at));
      rest = rest.subarray(at);
    }
    for (const piece of [...pieces, rest]) this.#send(piece);
    if (this.#inFlight < window) done();
    else this.#waiting.push(() => running.run(sender, done));
  }

  /** What is sent next comes damaged. */
  damage(): void {
    this.#flip = true;
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (!this.#isCut) this.behind(() => this.#hand("end"));
  }

  /** The receiver sees the end at once, whatever the sender does. */
  endNow(): void {
    this.cut(false);
    this.#hand("end");
  }

  /** Does something when all that was sent has arrived, unless the pipe was cut. */
  behind(act: () => void): void {
    const cuts = this.#cuts;
    this.#at(() => {
      if (cuts === this.#cuts) act();
    });
  }

  /** Nothing that is sent from now on arrives, and nothing that is on its way unless it is kept. */
  cut(keepsInFlight: boolean): void {
    this.#isCut = true;
    if (!keepsInFlight) this.#cuts++;
    for (const done of this.#waiting.splice(0)) done();
  }

  /** All that is on its way, or is sent from now on, comes so many milliseconds later. */
  stall(milliseconds: number): void {
    const { clock } = this.#around;
    this.#last = Math.max(this.#last, clock.now) + milliseconds;
    for (const each of this.#queue) {
      each.at += milliseconds;
      clock.after(each.at - clock.now, undefined, () => this.#arrive());
    }
  }

  #at(act: () => void): void {
    const { clock } = this.#around;
    this.#last = Math.max(this.#last, clock.now + this.#delay());
    this.#queue.push({ at: this.#last, act });
    clock.after(this.#last - clock.now, undefined, () => this.#arrive());
  }

  #arrive(): void {
    while (this.#queue.length > 0 && this.#queue[0]!.at <= this.#around.clock.now) this.#queue.shift()!.act();
  }

  #send(piece: Buffer): void {
    const cuts = this.#cuts;
    this.#inFlight += piece.length;
    this.#at(() => {
      this.#inFlight -= piece.length;
      if (cuts === this.#cuts) {
        this.carried += piece.length;
        this.onCarried?.();
        this.#hand(piece);
      }
      if (this.#inFlight < window) for (const done of this.#waiting.splice(0)) done();
    });
  }

  #hand(what: Buffer | "end"): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return void this.#early.push(what);
    if (receiver.process.isGone) return;
    running.run(receiver.process, () => {
      if (what === "end") receiver.end();
      else receiver.data(what);
    });
  }
}

/** The end of a pipe from which a process reads. */
export function readableOf(pipe: Pipe, process: SimProcess): Readable {
  const readable = new Readable({ read: () => undefined });
  pipe.open(receiverInto(readable, process));
  return readable;
}

export function writableOf(pipe: Pipe): Writable {
  return new Writable({
    write: (chunk: Uint8Array, _, done) => pipe.write(chunk, () => done()),
    final: (done) => {
      pipe.end();
      done();
    },
    destroy: (error, done) => {
      pipe.end();
      done(error);
    },
  });
}

/** Both directions as a socket. */
export function duplexOf(input: Pipe, output: Pipe, process: SimProcess): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: false,
    read: () => undefined,
    write: (chunk: Uint8Array, _, done) => output.write(chunk, () => done()),
    final: (done) => {
      output.end();
      done();
    },
    destroy: (error, done) => {
      output.end();
      done(error);
    },
  });
  input.open(receiverInto(duplex, process));
  return duplex;
}

function receiverInto(stream: Readable, process: SimProcess): Receiver {
  return {
    process,
    data: (chunk) => {
      if (!stream.destroyed) stream.push(chunk);
    },
    end: () => {
      if (!stream.destroyed) stream.push(null);
    },
  };
}
