/* What stays in a worker: objects, iterators, and values for later calls. SESSION.md, section "Objects, iterators, callbacks, results". */
import { DeadlineTimer, SremoteError, type Failure } from "@sremote/protocol";
import type { Owner } from "./call-owner.ts";
import type { Changes } from "./worker-state.ts";

export interface Kept {
  value: unknown;
  lease: DeadlineTimer | undefined;
  /** The call that gave it lives on in it. */
  owner: Owner;
  /** Of an iterator: what it has changed of the process, for its next step. */
  changes: Changes;
}

/** Objects and iterators by their number. */
export class Objects {
  readonly #kept: Map<number, Kept> = new Map();
  readonly #onExpiry: () => void;
  #last = 0;

  /** @param onExpiry called when a lease has ended */
  constructor(onExpiry: () => void) {
    this.#onExpiry = onExpiry;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** @param leaseMs how long it is kept without being used; for ever where it is absent @returns its number */
  add(value: unknown, leaseMs: number | undefined, owner: Owner): number {
    const id = ++this.#last;
    const lease = leaseMs === undefined ? undefined : new DeadlineTimer(leaseMs, () => this.#expire(id)).unref();
    this.#kept.set(id, { value, lease, owner, changes: [] });
    return id;
  }

  /** The object, whose lease begins anew. @throws SremoteError `object-lost` */
  use(id: unknown): unknown {
    const kept = typeof id === "number" ? this.#kept.get(id) : undefined;
    if (kept === undefined) {
      throw new SremoteError("object-lost", `the object ${String(id)} is no longer kept`, {
        stage: "arguments",
        hint: "it was released, or its lease ended: ask for a longer one",
      });
    }
    kept.lease?.refresh();
    return kept.value;
  }

  /** The entry of an iterator. */
  iterator(id: number | undefined): Kept | undefined {
    const kept = id === undefined ? undefined : this.#kept.get(id);
    return kept !== undefined && isOpenIterator(kept.value) ? kept : undefined;
  }

  /** What a call has given that stays. */
  ofOwner(owner: Owner): Kept | undefined {
    if (this.#kept.size === 0) return undefined;
    for (const kept of this.#kept.values()) if (kept.owner === owner) return kept;
    return undefined;
  }

  /** Forgets an object. One that is not there was released already. */
  release(id: number): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.forget(id);
    // A generator's `finally` runs once no more items are wanted. Nothing waits for it, so what it throws has no place to go.
    if (isOpenIterator(kept.value)) close(kept.value).catch(() => undefined);
  }

  /** Forgets an iterator that was closed or is at its end. */
  forget(id: number): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    kept.lease?.stop();
    kept.owner.isOver = true;
    this.#kept.delete(id);
  }

  #expire(id: number): void {
    this.release(id);
    this.#onExpiry();
  }
}

/** What setTimeout takes, in milliseconds: about 25 days. */
export const longestTimer: number = 2 ** 31 - 1;

export interface OpenIterator {
  next(value?: unknown): unknown;
  return?(value?: unknown): unknown;
}

export function isOpenIterator(value: unknown): value is OpenIterator {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}

async function close(iterator: OpenIterator): Promise<void> {
  await iterator.return?.();
}

interface KeptResult {
  /** How many calls will still take it. */
  uses: number;
  value: unknown;
  failure: Failure | undefined;
}

/** Results that later calls take as arguments, by the stream of the call that gave them. */
export class Results {
  readonly #kept: Map<number, KeptResult> = new Map();

  get size(): number {
    return this.#kept.size;
  }

  keep(stream: number, uses: number, value: unknown, failure: Failure | undefined): void {
    if (uses > 0) this.#kept.set(stream, { uses, value, failure });
  }

  /** @throws SremoteError `dependency-failed`, or DependencyFailed where that call gave no value */
  look(stream: unknown): unknown {
    const kept = typeof stream === "number" ? this.#kept.get(stream) : undefined;
    if (kept === undefined) {
      throw new SremoteError("dependency-failed", `the result of call ${String(stream)} is no longer kept`, { stage: "arguments" });
    }
    if (kept.failure !== undefined) throw new DependencyFailed(kept.failure);
    return kept.value;
  }

  /** A call has taken it. */
  taken(stream: number): void {
    const kept = this.#kept.get(stream);
    if (kept !== undefined && --kept.uses <= 0) this.#kept.delete(stream);
  }
}

/** An argument is the result of a call that gave none. */
export class DependencyFailed extends Error {
  override name = "DependencyFailed";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}
