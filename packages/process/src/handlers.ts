/* Those who want to be called back. */
import { checkFunction, given, InvalidArgumentError } from "@sremote/protocol";
import { warnOfHandler } from "@sremote/connectors";
import { type Line, LineTap } from "./lines.ts";
import type { OutputChunk, Tap } from "./output.ts";

const events: readonly string[] = ["start", "end", "reset", "output", "line"] satisfies (keyof JobEvents<unknown>)[];

export interface JobEvents<J> {
  start: J;
  end: J;
  reset: J;
  output: OutputChunk;
  line: Line;
}

type Handler = (value: never) => void | Promise<void>;

/** A name that no event has would never be heard of. @throws InvalidArgumentError */
export function checkHandler(event: unknown, handler: unknown, known: readonly string[]): void {
  if (!known.includes(event as string)) throw new InvalidArgumentError("event", `one of ${known.join(", ")}${given(event)}`);
  checkFunction(handler, "handler");
}

/** Handlers of output get it in order and are waited for; when one throws, the process is ended with the reason `error`. */
export class Handlers<J> {
  readonly #tap: (tap: Tap) => () => void;
  readonly #handlers = new Map<keyof JobEvents<J>, Set<Handler>>();

  constructor(tap: (tap: Tap) => () => void) {
    this.#tap = tap;
  }

  /** @param now whether there is output to be had already */
  add(event: keyof JobEvents<J>, handler: Handler, now: boolean): () => void {
    checkHandler(event, handler, events);
    const all = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, all.add(handler));
    const remove = now ? this.#listen(event, handler) : undefined;
    return () => {
      all.delete(handler);
      remove?.();
    };
  }

  /** Output comes from now on. */
  begin(): void {
    for (const [event, all] of this.#handlers) for (const handler of all) this.#listen(event, handler);
  }

  /** These are not awaited: if one throws, the process gets a warning. */
  tell(event: "start" | "end" | "reset", job: J): void {
    for (const handler of this.#handlers.get(event) ?? []) {
      (async () => handler(job as never))().catch((error: unknown) => warnOfHandler(event, error));
    }
  }

  #listen(event: keyof JobEvents<J>, handler: Handler): (() => void) | undefined {
    const call = (value: unknown): void | Promise<void> => handler(value as never);
    if (event === "output") return this.#tap({ chunk: call });
    return event === "line" ? this.#tap(new LineTap(call)) : undefined;
  }
}
