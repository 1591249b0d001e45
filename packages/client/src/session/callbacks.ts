/* Functions of this program that the host may call: SESSION.md, `ask` and `answer`. */
import { ownBytes } from "@sremote/connectors";
import { type AskMessage, type Attachments, encodeFrame, SremoteError } from "@sremote/protocol";
import type { Serializer } from "../call/serializer.ts";
import type { Thrown } from "../call/transport.ts";

export type Callback = (...args: never[]) => unknown;

/** Functions of one session, each as long as a call, generator or object of the host may use it. */
export class Callbacks {
  readonly #functions = new Map<number, Callback>();
  #next = 1;

  add(callback: Callback): number {
    const id = this.#next++;
    this.#functions.set(id, callback);
    return id;
  }

  remove(ids: Iterable<number>): void {
    for (const id of ids) this.#functions.delete(id);
  }

  /**
   * Runs the function that is asked for, and makes the frame of the answer.
   * @param onThrow gets what it threw, which the host is only told the name and message of
   */
  async answer(
    ask: AskMessage,
    attachments: Attachments,
    serializer: Serializer,
    onThrow: (thrown: Thrown) => void,
  ): Promise<readonly Uint8Array[]> {
    const base = { type: "answer", ask: ask.ask };
    try {
      const callback = this.#functions.get(ask.callback);
      if (callback === undefined) throw new SremoteError("object-lost", "the call to which this callback was given has ended");
      const args = serializer.decode(ask.args, attachments);
      if (!Array.isArray(args)) throw new SremoteError("protocol-error", "ask.args: not an array");
      // Keyword arguments come as one object behind the others, as a Node function gets them.
      const kwargs = ask.kwargs === undefined ? [] : [serializer.decode(ask.kwargs, attachments)];
      const value: unknown = await Reflect.apply(callback, undefined, [...(args as never[]), ...(kwargs as never[])]);
      const out: Uint8Array[] = [];
      const answer = JSON.stringify({ ...base, value: serializer.encode(value, "callback", out) });
      // The function may fill the same buffer again for its next answer.
      return encodeFrame(
        answer,
        out.map((bytes) => ownBytes(bytes)),
      );
    } catch (thrown) {
      const name = thrown instanceof Error ? thrown.name : "Error";
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      onThrow({ error: thrown, message });
      return encodeFrame(JSON.stringify({ ...base, error: { name, message } }));
    }
  }
}
