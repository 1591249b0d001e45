/* One run of a script on a host where no process is kept: over pipes, or files where the connector has none. */
import { SremoteError, TransferError } from "@sremote/protocol";
import { codeOfMessage, quote, shell } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";

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
    if (this.#directory === undefined) return;
    try {
      await this.#connector.exec(["rm", "-rf", this.#directory], { timeout: 5000 });
    } catch {
      // The host cannot be reached, which whatever led here says; it is a directory for temporary files.
    }
  }

  async #overPipes(script: string, input: readonly Uint8Array[]): Promise<Answer> {
    const { stdout, stderr } = await this.#connector.exec(shell(script), { stdin: input, signal: this.#signal });
    return { output: buffer(stdout), lastLines: text(stderr) };
  }

  async #overFiles(make: MakeScript, input: readonly Uint8Array[]): Promise<Answer> {
    const signal = this.#signal;
    const directory = (this.#directory ??= await this.#makeDirectory());
    await this.#connector.push(Buffer.concat(input), `${directory}/request`, { signal });
    const script = make(` < ${quote(`${directory}/request`)} > ${quote(`${directory}/answer`)}`);
    const { stderr } = await this.#connector.exec(shell(script), { signal });
    const parts: Uint8Array[] = [];
    // A copy: whose memory a chunk is in, is not said.
    await this.#connector.pull(`${directory}/answer`, { write: (chunk) => void parts.push(Uint8Array.from(chunk)) }, { signal });
    return { output: Buffer.concat(parts), lastLines: text(stderr) };
  }

  async #makeDirectory(): Promise<string> {
    const { stdout, exitCode, stderr } = await this.#connector.exec(
      shell(`umask 077; mktemp -d "\${TMPDIR:-/tmp}/sremote-transfer-XXXXXXXX"`),
      { signal: this.#signal },
    );
    const found = /^\/.*\/sremote-transfer-\w+$/m.exec(text(stdout))?.[0];
    if (exitCode === 0 && found !== undefined) return found;
    throw new TransferError("transfer-failed", "no directory for temporary files could be made on the host", {
      stage: "transfer",
      host: this.#connector.label,
      lastLines: text(stderr),
    });
  }
}

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const text = (bytes: Uint8Array): string => buffer(bytes).toString("utf8").slice(-4096);
