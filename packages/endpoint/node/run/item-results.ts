/* What came of many items (PROTOCOL.md, "Many items"), until it is sent: in parts where it can be, and else in the answer. */
import { encodeValue, limits, SremoteError, type Failure, type ItemFailure, type WireValue } from "@sremote/protocol";
import { fullFailures } from "../wire/limits.ts";
import { describeUnserializable } from "./dispatch.ts";

/** Sends a part. A promise where it is to be waited for. @throws SremoteError when it is too large */
export interface SendPart {
  (part: { value: WireValue; failures?: ItemFailure[] }, attachments: Uint8Array[]): Promise<void> | undefined;
}

/** Results of items, as they are sent. */
export interface SentItems {
  value: WireValue;
  attachments: Uint8Array[];
  failures: ItemFailure[];
}

/** So many numbers fit one message in any case. */
const few = 65_536;
/** stdout and stderr of a reply are attachments too. */
const room = limits.attachments - 2;

export class ItemResults {
  readonly #name: string;
  readonly #send: SendPart | undefined;
  /** Of the items from `#first` on. */
  #values: unknown[] = [];
  #failures: ItemFailure[] = [];
  #first = 0;
  #failed = 0;

  /** @param name of the function, for messages @param send undefined where all goes into the answer */
  constructor(name: string, send: SendPart | undefined) {
    this.#name = name;
    this.#send = send;
  }

  add(value: unknown): void {
    this.#values[this.#values.length] = value;
  }

  /** The next item has no value. */
  fail(outcome: ItemFailure["outcome"], error: Failure): void {
    this.#failures[this.#failures.length] = this.#told(this.#first + this.#values.length, outcome, error);
    this.add(null);
  }

  #told(item: number, outcome: ItemFailure["outcome"], error: Failure): ItemFailure {
    if (++this.#failed <= fullFailures) return { item, outcome, error };
    const { frames: _frames, cause: _cause, context: _context, exceptions: _exceptions, ...short } = error;
    return { item, outcome, error: short };
  }

  /** Sends what there is as a part; as several where one message does not hold it. */
  async send(): Promise<void> {
    if (this.#send === undefined || this.#values.length === 0) return;
    const [values, failures, first] = [this.#values, this.#failures, this.#first];
    this.#values = [];
    this.#failures = [];
    this.#first += values.length;
    await this.#sendAll(values, failures, first, this.#send);
  }

  async #sendAll(values: unknown[], failures: ItemFailure[], first: number, send: SendPart): Promise<void> {
    try {
      const sent = this.#encode(values, failures, first);
      const part = sent.failures.length === 0 ? { value: sent.value } : { value: sent.value, failures: sent.failures };
      await send(part, sent.attachments);
    } catch (error) {
      if (!(error instanceof SremoteError)) throw error;
      const half = values.length >> 1;
      if (half === 0) {
        const failure = this.#told(first, "raised", describeUnserializable(error, values[0], this.#name));
        await send({ value: { json: [null] }, failures: [failure] }, []);
        return;
      }
      const middle = first + half;
      await this.#sendAll(
        values.slice(0, half),
        failures.filter(({ item }) => item < middle),
        first,
        send,
      );
      await this.#sendAll(
        values.slice(half),
        failures.filter(({ item }) => item >= middle),
        middle,
        send,
      );
    }
  }

  /** What is left, for the answer. */
  async last(): Promise<SentItems> {
    if (this.#values.length > few || !this.#values.every(isShort)) await this.send();
    return this.#encode(this.#values, this.#failures, this.#first);
  }

  /** @throws SremoteError where all of them together cannot travel */
  #encode(values: unknown[], failures: ItemFailure[], first: number): SentItems {
    try {
      return this.#together(values, failures);
    } catch (error) {
      if (error instanceof SremoteError && error.code === "limit-exceeded") throw error;
    }
    const found = [...failures];
    const sendable = values.map((value, place) => {
      try {
        encodeValue(value, "return", [], { code: "unserializable-result" });
        return value;
      } catch (error) {
        found.push(this.#told(first + place, "raised", describeUnserializable(error, value, this.#name)));
        return null;
      }
    });
    found.sort((one, other) => one.item - other.item);
    return this.#together(sendable, found);
  }

  #together(values: unknown[], failures: ItemFailure[]): SentItems {
    const attachments: Uint8Array[] = [];
    const value = encodeValue(values, "return", attachments, { code: "unserializable-result" });
    if (attachments.length > room) {
      const message = `return: ${attachments.length} arrays and byte strings, at most ${room} can travel in one message`;
      throw new SremoteError("limit-exceeded", message, { stage: "result", hint: "use a smaller chunkSize" });
    }
    return { value, attachments, failures };
  }
}

function isShort(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || value === null || value === undefined;
}
