/* Requests to the program on the host where no process can be kept: each is a run of its own. */
import { SremoteError } from "@sremote/protocol";
import type { Connector } from "@sremote/connectors";
import { batchLimit, type Exchange, type Frames, type TakeFrame, takeAnswer } from "./exchange.ts";
import { FrameReader } from "./frame.ts";
import { program, startProgram } from "./host-program.ts";
import { HostRuns } from "./host-run.ts";
import { ShellExchange } from "./shell-exchange.ts";

export class BatchExchange implements Exchange {
  readonly limit: number = batchLimit;
  readonly #connector: Connector;
  readonly #runs: HostRuns;
  /** What takes over when the first request finds no Python. */
  #shell: ShellExchange | undefined;

  constructor(connector: Connector, signal: AbortSignal) {
    this.#connector = connector;
    this.#runs = new HostRuns(connector, signal);
  }

  get exactTimes(): boolean {
    return this.#shell?.exactTimes ?? true;
  }

  async request(frames: Frames, take: TakeFrame): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const frame of frames) parts.push(frame);
    if (this.#shell === undefined && (await this.#run(parts, take))) return;
    this.#shell ??= await ShellExchange.start(this.#connector, this.#runs);
    await this.#shell.request(parts, take);
  }

  async close(): Promise<void> {
    await this.#runs.close();
  }

  /** @returns false when the host has no Python */
  async #run(frames: readonly Uint8Array[], take: TakeFrame): Promise<boolean> {
    const started = startProgram();
    const { output, lastLines } = await this.#runs.run(started.script, [program(), ...frames]);
    const reader = new FrameReader(one(output), started.marker);
    const found = await reader.start();
    const answered = async (): Promise<boolean> => {
      try {
        return await takeAnswer(reader, take, this.#connector.label);
      } catch (error) {
        if (error instanceof SremoteError) throw error;
        return false; // It ends within a frame.
      }
    };
    if (found === "-") return false;
    if (found === "+" && (await answered())) return true;
    throw this.#runs.ended(lastLines);
  }
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes;
}
