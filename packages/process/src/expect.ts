/* Waiting for what a process says. */
import { hostLimits } from "@sremote/protocol";
import { after } from "./after.ts";
import type { OutputChunk, StreamName, Tap } from "./output.ts";
import { cancelledBy, type WaitLimits } from "./wait-for.ts";

export type Pattern = string | RegExp;

export interface Match {
  /** Which of the patterns. */
  readonly index: number;
  /** What it matched. */
  readonly text: string;
  /** The match's groups, as of `RegExp.prototype.exec`. Of a string: only the whole. */
  readonly groups: readonly (string | undefined)[];
  /** What came before it, since the last match. */
  readonly before: string;
}

/** Characters without a match that are kept: a pattern does not reach further back. */
const mostKept = hostLimits.expectText;

/** Finds patterns in what came since the last match. */
export class Expectation implements Tap {
  readonly #streams: readonly StreamName[];
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #text = "";
  #ended = false;
  #look: (() => void) | undefined;

  constructor(streams: readonly StreamName[]) {
    this.#streams = streams;
  }

  chunk({ stream, bytes }: OutputChunk): void {
    if (!this.#streams.includes(stream)) return;
    this.#text = (this.#text + this.#decoders[stream].decode(bytes, { stream: true })).slice(-mostKept);
    this.#look?.();
  }

  end(): void {
    this.#ended = true;
    this.#look?.();
  }

  /**
   * The first place where one of the patterns matches; null when the output has ended, or at the deadline, without one.
   *
   * @throws SremoteError `cancelled` as soon as the signal is aborted; nothing is taken then
   */
  find(patterns: readonly Pattern[], limits: WaitLimits): Promise<Match | null> {
    const { milliseconds, signal } = limits;
    return new Promise((resolve, reject) => {
      const clear = after(milliseconds, () => settle(null));
      const cancel = (): void => {
        leave();
        reject(cancelledBy(signal?.reason, limits));
      };
      const leave = (): void => {
        clear();
        signal?.removeEventListener("abort", cancel);
        this.#look = undefined;
      };
      const settle = (match: Match | null): void => {
        leave();
        resolve(match);
      };
      if (signal?.aborted === true) return cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      const look = (): void => {
        const match = this.#take(patterns);
        if (match !== undefined) settle(match);
        else if (this.#ended) settle(null);
      };
      this.#look = look;
      look();
    });
  }

  #take(patterns: readonly Pattern[]): Match | undefined {
    let first: { at: number; match: Match } | undefined;
    for (const [index, pattern] of patterns.entries()) {
      const found = find(this.#text, pattern);
      if (found === undefined || (first !== undefined && found.at >= first.at)) continue;
      first = { at: found.at, match: { index, text: found.groups[0], groups: found.groups, before: this.#text.slice(0, found.at) } };
    }
    if (first === undefined) return undefined;
    this.#text = this.#text.slice(first.at + first.match.text.length);
    return first.match;
  }
}

function find(text: string, pattern: Pattern): { at: number; groups: [string, ...(string | undefined)[]] } | undefined {
  if (typeof pattern === "string") {
    const at = text.indexOf(pattern);
    return at < 0 ? undefined : { at, groups: [pattern] };
  }
  // A sticky or global pattern remembers where it was.
  const found = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(text);
  return found === null ? undefined : { at: found.index, groups: [...found] as [string, ...(string | undefined)[]] };
}
