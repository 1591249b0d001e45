/* How far a transfer is. */

export interface TransferProgress {
  /** Files that are done, and that are to be sent. */
  readonly files: number;
  readonly filesTotal: number;
  /** Bytes of content sent so far, and in all. */
  readonly bytes: number;
  readonly bytesTotal: number;
  /** Bytes in a second, lately. */
  readonly rate: number;
  /** Milliseconds that remain at this rate; null while nothing is known. */
  readonly eta: number | null;
  /** The file that is sent now, relative to the destination. */
  readonly path: string;
}

const interval = 100;
/** The rate is that of about the last three seconds. */
const memory = 3000;

export class Progress {
  files = 0;
  filesTotal = 0;
  bytes = 0;
  bytesTotal = 0;
  path = "";
  #rate = 0;
  #told = 0;
  #lastBytes = 0;
  #lastTime: number;
  readonly #tell: ((progress: TransferProgress) => void) | undefined;
  readonly #now: () => number;

  constructor(tell: ((progress: TransferProgress) => void) | undefined, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
    this.#lastTime = now();
  }

  add(bytes: number): void {
    this.bytes += bytes;
    this.#perhaps();
  }

  filesDone(count: number, path: string): void {
    this.files += count;
    this.path = path;
    this.#perhaps();
  }

  /** The last event, always told. */
  end(): void {
    if (this.#tell !== undefined) this.#emit(this.#now());
  }

  #perhaps(): void {
    if (this.#tell === undefined) return;
    const now = this.#now();
    if (now - this.#told >= interval) this.#emit(now);
  }

  #emit(now: number): void {
    const passed = now - this.#lastTime;
    if (passed > 0) {
      const current = ((this.bytes - this.#lastBytes) / passed) * 1000;
      const weight = this.#rate === 0 ? 1 : 1 - Math.exp(-passed / memory);
      this.#rate += (current - this.#rate) * weight;
      this.#lastTime = now;
      this.#lastBytes = this.bytes;
    }
    this.#told = now;
    const left = Math.max(0, this.bytesTotal - this.bytes);
    const eta = left === 0 ? 0 : this.#rate > 0 ? Math.round((left / this.#rate) * 1000) : null;
    const { files, filesTotal, bytes, bytesTotal, path } = this;
    this.#tell?.({ files, filesTotal, bytes, bytesTotal, rate: Math.round(this.#rate), eta, path });
  }
}
