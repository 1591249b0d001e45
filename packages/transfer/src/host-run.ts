/* One run of a script on a host where no process is kept: over pipes, or files where the connector has none. */
import { ByteList, hostLimits, SremoteError, TransferError } from "@sremote/protocol";
import { codeOfMessage, quote, shell } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "./temporary-directory.ts";

/** @param redirect what stands behind a command so that it reads and writes what is sent and answered; empty over pipes */
export type MakeScript = (redirect: string) => string;

export interface Answer {
  readonly output: Buffer;
  /** The end of standard error. */
  readonly lastLines: string;
}

export class HostRuns {
  readonly #connector: Connector;
  readonly #signal: AbortSignal;
  /** Where requests and answers lie when the connector moves files only. */
  #directory: string | undefined;

  constructor(connector: Connector, signal: AbortSignal) {
    this.#connector = connector;
    this.#signal = signal;
  }

  async run(make: MakeScript, input: readonly Uint8Array[]): Promise<Answer> {
    const { acceptsStdin } = this.#connector;
    return acceptsStdin ? await this.#overPipes(make(""), input) : await this.#overFiles(make, input);
  }

  /** The error for a script that ended before it had answered. */
  ended(lastLines: string): SremoteError {
    const code = codeOfMessage(lastLines);
    const why = code === "transfer-failed" ? "ended early" : "could not begin";
    return new TransferError(code, `the host's part of the transfer ${why}`, { stage: "transfer", host: this.#connector.label, lastLines });
  }

  /** Never rejects. */
  async close(): Promise<void> {
    if (this.#directory !== undefined) await removeTemporaryDirectory(this.#connector, this.#directory);
  }

  async #overPipes(script: string, input: readonly Uint8Array[]): Promise<Answer> {
    const { stdout, stderr, truncated } = await this.#connector.exec(shell(script), {
      stdin: input,
      signal: this.#signal,
      outputLimit: hostLimits.transferAnswer,
    });
    if (truncated === true && stdout.length >= hostLimits.transferAnswer) throw this.#tooLong();
    return { output: buffer(stdout), lastLines: text(stderr) };
  }

  #tooLong(): SremoteError {
    const said = `the host's answer has more than ${hostLimits.transferAnswer} bytes`;
    return new SremoteError("limit-exceeded", said, { stage: "transfer", host: this.#connector.label, hint: "copy parts of it" });
  }

  async #overFiles(make: MakeScript, input: readonly Uint8Array[]): Promise<Answer> {
    const signal = this.#signal;
    const directory = (this.#directory ??= await makeTemporaryDirectory(this.#connector, "transfer", "transfer", signal));
    await this.#connector.push(Buffer.concat(input), `${directory}/request`, { signal });
    const script = make(` < ${quote(`${directory}/request`)} > ${quote(`${directory}/answer`)}`);
    const { stderr } = await this.#connector.exec(shell(script), { signal, outputLimit: hostLimits.ownOutput });
    const bytes = new ByteList();
    const write = (chunk: Uint8Array): void => {
      if (bytes.length + chunk.length > hostLimits.transferAnswer) throw this.#tooLong();
      // A copy: whose memory a chunk is in, is not said.
      bytes.add(Uint8Array.from(chunk));
    };
    await this.#connector.pull(`${directory}/answer`, { write }, { signal });
    return { output: buffer(bytes.take()), lastLines: text(stderr) };
  }
}

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const text = (bytes: Uint8Array): string => buffer(bytes).toString("utf8").slice(-4096);
