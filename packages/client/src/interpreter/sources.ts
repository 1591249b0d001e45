/* The lines of snippets, for traces of a host that does not keep them. */
import type { Failure } from "@sremote/protocol";

/** Characters that are kept, of the latest snippets. As Python's interpreters do. */
const most = 4_194_304;

export class Sources {
  readonly #lines = new Map<string, readonly string[]>();
  #count = 0;
  #size = 0;

  /** @returns the name that the snippet has in traces */
  add(code: unknown): string {
    const name = `snippet-${++this.#count}.js`;
    if (typeof code !== "string") return name; // it is refused
    this.#lines.set(name, code.split("\n"));
    this.#size += code.length;
    for (const [oldest, lines] of this.#lines) {
      if (this.#size <= most || this.#lines.size === 1) break;
      this.#size -= lines.reduce((sum, line) => sum + line.length + 1, -1);
      this.#lines.delete(oldest);
    }
    return name;
  }

  /** Gives the frames of a failure, and of what caused it, the lines that they stand for. */
  explain(failure: Failure): void {
    for (const frame of failure.frames ?? []) frame.source ??= this.#lines.get(frame.file)?.[frame.line - 1]?.trim() ?? null;
    for (const inner of [failure.cause, failure.context, ...(failure.exceptions ?? [])]) if (inner !== undefined) this.explain(inner);
  }
}
