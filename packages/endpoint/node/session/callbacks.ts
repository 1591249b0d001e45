/* Functions of the client that a function on the host calls: `ask` and `answer` of SESSION.md. */
import { checkSessionMessage, decodeValue, encodeValue, ProtocolError, type AskMessage, type Attachments } from "@sremote/protocol";
import { openAskBytes, openAsks } from "../wire/limits.ts";

interface Waiting {
  bytes: number;
  promise: Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The questions of one call. Many may be open at once. */
export class Asks {
  readonly #waiting: Map<number, Waiting> = new Map();
  readonly #send: (message: string, attachments: Uint8Array[]) => void;
  /** Questions that are sent when others are answered. */
  #held: { bytes: number; send: () => void }[] = [];
  /** Those that were sent, and their bytes. */
  #open = 0;
  #openBytes = 0;
  #last = 0;

  constructor(send: (message: string, attachments: Uint8Array[]) => void) {
    this.#send = send;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves with what the client's function returned, rejects with what it threw. @throws UnserializableError */
  ask(callback: number, args: unknown[]): Promise<unknown> {
    const attachments: Uint8Array[] = [];
    const wire = encodeValue(args, "args", attachments);
    const ask = ++this.#last;
    let settle: Omit<Waiting, "promise" | "bytes">;
    const promise = new Promise<unknown>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const message = JSON.stringify({ type: "ask", ask, callback, args: wire } satisfies AskMessage);
    const bytes = attachments.reduce((sum, { length }) => sum + length, message.length);
    this.#waiting.set(ask, { bytes, promise, ...settle! });
    this.#held.push({ bytes, send: () => this.#send(message, attachments) });
    this.#sendHeld();
    return promise;
  }

  #sendHeld(): void {
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      if (this.#open > 0 && (this.#open >= openAsks || this.#openBytes + next.bytes > openAskBytes)) return;
      this.#held.shift();
      this.#open++;
      this.#openBytes += next.bytes;
      next.send();
    }
  }

  /** An `answer` has come, which may be malformed: then the question fails. @throws ProtocolError when it cannot be told which */
  answer(header: Record<string, unknown>, attachments: Attachments): void {
    const { ask } = header;
    const waiting = typeof ask === "number" ? this.#waiting.get(ask) : undefined;
    if (waiting === undefined) throw new ProtocolError("protocol-error", "an answer to what was not asked");
    this.#waiting.delete(Number(ask));
    this.#open--;
    this.#openBytes -= waiting.bytes;
    this.#sendHeld();
    try {
      const { value, error } = checkSessionMessage(header, "answer");
      if (error === undefined) waiting.resolve(decodeValue(value, attachments, { root: "answer" }));
      else waiting.reject(callbackError(error));
    } catch (error) {
      waiting.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Answers can no longer be read. */
  fail(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#held = [];
  }

  /** The call is over: no more answers come. */
  end(): void {
    for (const waiting of this.#waiting.values()) {
      // Who told of progress and did not wait must not have the worker end for it.
      waiting.promise.catch(() => undefined);
      waiting.reject(new Error("the call ended before the callback was answered"));
    }
    this.#waiting.clear();
    this.#held = [];
  }
}

/** What the client's function threw, under the name that it had there. */
function callbackError({ name, message }: { name: string; message: string }): Error {
  // Of no class of ours, whose name would be one that the bundler made up.
  return Object.defineProperty(new Error(message), "name", { value: name, writable: true, configurable: true, enumerable: false });
}
