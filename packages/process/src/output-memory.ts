/* The memory that the output of many processes is kept in: blocks that are equal once, and all of it together up to a limit. */
import { crc32 } from "node:zlib";

/** Bytes that all processes of a run keep together where nothing else is said. */
export const defaultTotalOutputLimit: number = 256 * 1024 * 1024;

/** Bytes that are compared, and held once, as a whole. Each has costs of its own, of about 200 bytes. */
export const blockSize = 16_384;

/** Bytes that no longer change, perhaps a part of several outputs. */
export interface Block {
  /** No other has it. */
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly checksum: number;
  /** Whose limit it counts against: the first who had it. */
  readonly owner: OutputAccount;
  uses: number;
}

let blocks = 0;

/**
 * Half of the limit is divided into equal shares, one for each stream of each process: what is within its share is kept, whatever others print.
 * The other half goes to those who print more, as long as it lasts, and so does what is left of a share when its stream has ended.
 */
export class OutputMemory {
  readonly #share: number;
  #common: number;
  readonly #blocks = new Map<number, Block>();

  /** @param limit bytes; without one, what each process may keep is all that holds. @param processes how many share it */
  constructor(limit: number = Number.MAX_SAFE_INTEGER, processes = 1) {
    this.#share = Math.floor(limit / 4 / Math.max(1, processes));
    this.#common = limit;
  }

  /** For one stream of one process. */
  open(): OutputAccount {
    return new OutputAccount(this, Math.min(this.#share, Math.max(0, this.#common)));
  }

  /** @internal */
  get common(): number {
    return this.#common;
  }

  /** @internal */
  draw(bytes: number): void {
    this.#common -= bytes;
  }

  /**
   * A block of these bytes, which are not to be changed from now on. Where there is an equal one, it is used again, and they cost nothing. One
   * candidate is looked at: a host that makes up checksums wins nothing but to share nothing.
   */
  intern(owner: OutputAccount, bytes: Uint8Array): Block {
    const checksum = crc32(bytes);
    const known = this.#blocks.get(checksum);
    if (known !== undefined && Buffer.compare(known.bytes, bytes) === 0) {
      known.uses += 1;
      owner.give(bytes.length);
      return known;
    }
    const block = { id: blocks++, bytes, checksum, owner, uses: 1 };
    if (known === undefined) this.#blocks.set(checksum, block);
    return block;
  }

  /** One output less holds it. */
  release(block: Block): void {
    block.uses -= 1;
    if (block.uses > 0) return;
    if (this.#blocks.get(block.checksum) === block) this.#blocks.delete(block.checksum);
    block.owner.give(block.bytes.length);
  }
}

/** What one stream of one process has used of the memory. Its share is set aside for it until it is settled. */
export class OutputAccount {
  readonly #memory: OutputMemory;
  #share: number;
  #used = 0;

  constructor(memory: OutputMemory, share: number) {
    this.#memory = memory;
    this.#share = share;
    memory.draw(share);
  }

  get memory(): OutputMemory {
    return this.#memory;
  }

  /** How many of so many bytes may be kept. */
  take(bytes: number): number {
    const granted = Math.min(bytes, Math.max(0, this.#share - this.#used) + this.#memory.common);
    this.#change(this.#share, this.#used + granted);
    return granted;
  }

  /** Gives back. */
  give(bytes: number): void {
    this.#change(this.#share, this.#used - bytes);
  }

  /** No more is expected: what is left of its share is for others. */
  settle(): void {
    this.#change(0, this.#used);
  }

  #change(share: number, used: number): void {
    this.#memory.draw(Math.max(share, used) - Math.max(this.#share, this.#used));
    this.#share = share;
    this.#used = used;
  }
}
