/* Writing everything to a stream before the process ends. */
import { TransferError } from "@sremote/protocol";

/** An output of this process. Once its reader has gone (`sremote … | head`), it drops further output. */
export class Output {
  readonly stream: NodeJS.WriteStream;
  readonly #name: string;
  readonly #onGone: () => void;
  #closed = false;

  /**
   * @param name for errors: `standard output`
   * @param onGone called once, when a write has found that the reader has gone
   */
  constructor(stream: NodeJS.WriteStream, name: string, onGone: () => void = () => undefined) {
    this.stream = stream;
    this.#name = name;
    this.#onGone = onGone;
    // Each write learns of its own failure; without a listener the event would end the process.
    stream.on("error", () => {
      this.#closed = true;
    });
  }

  /** Resolves when the bytes are handed over. @throws TransferError when they cannot be (a full disk, say), but not for a reader that has gone */
  async write(data: Uint8Array | string): Promise<void> {
    if (this.#closed || data.length === 0) return;
    const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => this.stream.write(data, resolve));
    if (error === null || error === undefined) return;
    this.#closed = true;
    if (error.code === "EPIPE") return this.#onGone();
    const full = error.code === "ENOSPC" || error.code === "EDQUOT";
    throw new TransferError(full ? "disk-full" : "transfer-failed", `${this.#name} cannot be written: ${error.message}`, {
      stage: "print",
      cause: error,
    });
  }
}
