/* Requests to the program on the host where no process can be kept: each is a run of its own. */
import { SremoteError, TransferError } from "@sremote/protocol";
import { shell } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { type Exchange, type Frames, noInterpreter, type TakeFrame, takeAnswer } from "./exchange.ts";
import { FrameReader } from "./frame.ts";
import { program, startProgram } from "./host-program.ts";

/** A request and its answer are held in memory, on both sides of some connectors. */
const limit = 16 * 2 ** 20;

export class BatchExchange implements Exchange {
  readonly limit: number = limit;
  readonly #connector: Connector;
  readonly #signal: AbortSignal;
  /** Where requests and answers lie when the connector moves files only. */
  #directory: string | undefined;

  constructor(connector: Connector, signal: AbortSignal) {
    this.#connector = connector;
    this.#signal = signal;
  }

  async request(frames: Frames, take: TakeFrame): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const frame of frames) parts.push(frame);
    await this.#run(parts, take);
  }

  async close(): Promise<void> {
    if (this.#directory === undefined) return;
    try {
      await this.#connector.exec(["rm", "-rf", this.#directory], { timeout: 5000 });
    } catch {
      // The host cannot be reached, which whatever led here says; it is a directory for temporary files.
    }
  }

  async #run(frames: readonly Uint8Array[], take: TakeFrame): Promise<void> {
    const input = [program(), ...frames];
    const { output, marker, lastLines } = this.#connector.acceptsStdin ? await this.#overPipes(input) : await this.#overFiles(input);
    const reader = new FrameReader(one(output), marker);
    const found = await reader.start();
    const answered = async (): Promise<boolean> => {
      try {
        return await takeAnswer(reader, take, this.#connector.label);
      } catch (error) {
        if (error instanceof SremoteError) throw error;
        return false; // It ends within a frame.
      }
    };
    if (found === "-") throw noInterpreter(this.#connector.label);
    if (found === "+" && (await answered())) return;
    throw new TransferError("transfer-failed", "the host's part of the transfer ended early", {
      stage: "transfer",
      host: this.#connector.label,
      lastLines,
    });
  }

  async #overPipes(input: readonly Uint8Array[]): Promise<Answer> {
    const { script, marker } = startProgram();
    const { stdout, stderr } = await this.#connector.exec(shell(script), { stdin: input, signal: this.#signal });
    return { output: buffer(stdout), marker, lastLines: text(stderr) };
  }

  async #overFiles(input: readonly Uint8Array[]): Promise<Answer> {
    const signal = this.#signal;
    const directory = (this.#directory ??= await this.#makeDirectory());
    await this.#connector.push(Buffer.concat(input), `${directory}/request`, { signal });
    const { script, marker } = startProgram(`${directory}/request`, `${directory}/answer`);
    const { stderr } = await this.#connector.exec(shell(script), { signal });
    const parts: Uint8Array[] = [];
    // A copy: whose memory a chunk is in, is not said.
    await this.#connector.pull(`${directory}/answer`, { write: (chunk) => void parts.push(Uint8Array.from(chunk)) }, { signal });
    return { output: Buffer.concat(parts), marker, lastLines: text(stderr) };
  }

  async #makeDirectory(): Promise<string> {
    const { stdout, exitCode, stderr } = await this.#connector.exec(
      shell(`umask 077; mktemp -d "\${TMPDIR:-/tmp}/sremote-transfer-XXXXXXXX"`),
      {
        signal: this.#signal,
      },
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

interface Answer {
  output: Buffer;
  marker: string;
  lastLines: string;
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes;
}

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const text = (bytes: Uint8Array): string => buffer(bytes).toString("utf8").slice(-4096);
