/* Writing everything to a stream before the process ends. */
import { TransferError } from "@sremote/protocol";

/** An output of this process. After its reader has gone (`sremote … | head`), what is written is dropped: there is nobody to tell. */
export class Output {
  readonly stream: NodeJS.WriteStream;
  readonly #name: string;
  #closed = false;

  /** @param name for errors: `standard output` */
  constructor(stream: NodeJS.WriteStream, name: string) {
    this.stream = stream;
    this.#name = name;
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
    if (error.code === "EPIPE") return;
    const full = error.code === "ENOSPC" || error.code === "EDQUOT";
    throw new TransferError(full ? "disk-full" : "transfer-failed", `${this.#name} cannot be written: ${error.message}`, {
      stage: "print",
      cause: error,
    });
  }
}
