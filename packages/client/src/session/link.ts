/* One live process on the host that carries packets: the first one, which becomes the supervisor, or an `attach` to it. */
import { type Command, type Connector, orAborted, type SpawnedProcess } from "@sremote/connectors";
import { hostLimits, type Packet, PacketReader, SremoteError } from "@sremote/protocol";
import { lastLines, type Marker } from "../host/marker.ts";
import { LinkStart } from "./link-start.ts";

export interface LinkEvents {
  packet(packet: Packet): void;
  /** Bytes have come, so the other side is there. */
  heard(): void;
  /** Called once, never after `abandon` or `leave`, one of which is now due. The error says why the link is of no use any more. */
  lost(reason: LinkEnd): void;
  /** The output that waited has left; only after `write` has answered false. */
  drained(): void;
}

/** How a link ended. */
export interface LinkEnd {
  error: Error | undefined;
  /** Text after the marker in place of packets: the first stage found something missing. */
  missing?: Uint8Array | undefined;
  /** Whether the marker was seen: whatever started was ours. */
  started: boolean;
  exitCode: number | null;
  signal: string | null;
  /** What was printed that is not ours. */
  stdout: Uint8Array;
  stderr: Uint8Array;
}

export interface LinkOptions {
  connector: Connector;
  command: Command;
  marker: Marker;
  /** Goes to the process before any packet. */
  first: readonly Uint8Array[];
  signal?: AbortSignal | undefined;
  events: LinkEvents;
  /** Told what the start has to wait for, such as a session of the connection. */
  onWait?: ((reason: string) => void) | undefined;
}

/** What is kept of text that is not ours, for error messages. */
const { keptNoise } = hostLimits;
/** So much is sent at once, before the turn ends: where many calls are made together, the host begins while the rest is made. */
const flushBytes = 16_384;
/** Writes up to this size are joined, at the cost of copying: one packet of SSH for many small calls, two for one of bulk data and its head. */
const joinBytes = 65_536;
const nothing = (): void => undefined;

/** Starts the process. @throws what the connector's `spawn` rejects with */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { connector, command, signal, onWait } = options;
  if (connector.spawn === undefined) throw new SremoteError("unsupported", "the connector cannot start a live process");
  const starting = connector.spawn(command, { signal, onWait, purpose: "a session of calls" });
  if (signal === undefined) return new Link(await starting, options);
  try {
    return new Link(await orAborted(starting, signal), options);
  } catch (error) {
    // A connector that does not mind the signal may still start it.
    if (signal.aborted) starting.then((process) => process[Symbol.asyncDispose](), nothing).catch(nothing);
    throw error;
  }
}

export class Link {
  readonly #process: SpawnedProcess;
  readonly #events: LinkEvents;
  readonly #start: LinkStart;
  /** Packets come. */
  #hasBegun = false;
  readonly #reader = new PacketReader({ pieces: true });
  #stderr: Buffer = Buffer.alloc(0);
  #queue: Uint8Array[] = [];
  #queued = 0;
  #flushing = false;
  /** A caller was told to wait for `drained`. */
  #awaited = false;
  #over = false;
  #packets = 0;
  #status: { exitCode: number | null; signal: string | null } | undefined;

  constructor(process: SpawnedProcess, options: LinkOptions) {
    this.#process = process;
    this.#events = options.events;
    this.#start = new LinkStart(options.marker);
    const { stdin, stdout, stderr } = process;
    stdin.on("error", (error) => this.#broken(error));
    stdin.on("drain", () => this.#drained());
    stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    stdout.on("error", (error) => this.#broken(error));
    stderr.on("data", (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-keptNoise);
    });
    stderr.on("error", () => undefined); // stdout tells of the same
    process.exit.then(
      (status) => this.#exited(status),
      (error: unknown) => this.#lost(asError(error)),
    );
    for (const chunk of options.first) stdin.write(chunk);
  }

  #exited(status: Awaited<SpawnedProcess["exit"]>): void {
    const { stdout } = this.#process;
    this.#status = status;
    // What it printed before may still be on its way through the stream.
    if (stdout.readableEnded || stdout.destroyed) this.#lost(undefined);
    else stdout.once("close", () => this.#lost(undefined));
  }

  /** Sends chunks after all that was given before, at the end of this turn of the event loop. @returns false when the caller should wait for `drained` */
  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#over) return true; // the packets are kept, and sent again on the next link
    for (const chunk of chunks) {
      this.#queue.push(chunk);
      this.#queued += chunk.length;
    }
    if (this.#queued >= flushBytes && this.#queued < joinBytes && !this.#process.stdin.writableNeedDrain) {
      this.#send();
      return true;
    }
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => this.#flush());
    }
    if (this.#queued < joinBytes && !this.#process.stdin.writableNeedDrain) return true;
    this.#awaited = true;
    return false;
  }

  /** Nothing that is given is taken any more for now; `drained` is called then. */
  get isBlocked(): boolean {
    if (!this.#process.stdin.writableNeedDrain) return false;
    this.#awaited = true;
    return true;
  }

  #drained(): void {
    if (this.#over || !this.#awaited) return;
    this.#awaited = false;
    this.#events.drained();
  }

  #flush(): void {
    this.#flushing = false;
    this.#send();
  }

  #send(): void {
    const chunks = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    if (this.#over) return;
    const { stdin } = this.#process;
    let first = 0;
    let bytes = 0;
    for (let at = 0; at < chunks.length; at++) {
      const { length } = chunks[at]!;
      if (bytes > 0 && bytes + length > joinBytes) {
        stdin.write(joined(chunks, first, at));
        first = at;
        bytes = 0;
      }
      bytes += length;
    }
    if (bytes > 0) stdin.write(joined(chunks, first, chunks.length));
    if (this.#awaited && !stdin.writableNeedDrain) queueMicrotask(() => this.#drained());
  }

  #take(chunk: Buffer): void {
    if (this.#over) return;
    try {
      const bytes = this.#hasBegun ? chunk : this.#start.push(chunk);
      if (bytes === undefined) return;
      this.#hasBegun = true;
      this.#events.heard();
      this.#reader.push(bytes);
      for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next()) {
        this.#packets++;
        this.#events.packet(packet);
        if (this.#over) return;
      }
    } catch (error) {
      this.#lost(asError(error));
    }
  }

  /** A stream failed: the process's own end says more, if it comes. */
  #broken(reason: Error): void {
    const lose = (): void => this.#lost(reason);
    this.#process.exit.then(lose, lose);
  }

  #lost(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    const { exitCode = null, signal = null } = this.#status ?? {};
    this.#events.lost({
      error,
      missing: this.#start.missing,
      started: this.#start.isFound,
      exitCode,
      signal,
      stdout: this.#start.noise,
      stderr: this.#stderr,
    });
  }

  /** How many packets had come when one began that is not whole yet; undefined where none has begun. */
  get unfinished(): number | undefined {
    return this.#reader.isWithin ? this.#packets : undefined;
  }

  /** Ends its process where that can be reached. */
  abandon(): void {
    this.#over = true;
    // A link that does not answer any more cannot be asked to end anything: the host's lease does.
    (async () => this.#process[Symbol.asyncDispose]())().catch(() => undefined); // A connector's function may throw at once, too.
  }

  /** The session goes on over another link. The process may be its supervisor, so that it only sees the end of its input. */
  leave(): void {
    this.#over = true;
    this.#process.stdin.destroy();
  }

  /** What was given is sent, and no more is sent or taken. Resolves when the process has ended by itself. */
  async finish(): Promise<void> {
    this.#flush();
    this.#over = true;
    await this.ended();
  }

  /** Resolves when the process has ended, or is known to be out of reach. */
  async ended(): Promise<void> {
    try {
      await this.#process.exit;
    } catch {
      // The link was lost, which is all that is asked here.
    }
  }

  /** The last lines it printed on standard error. */
  get lastLines(): string {
    return lastLines(this.#stderr);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function joined(chunks: readonly Uint8Array[], from: number, to: number): Uint8Array {
  return to - from === 1 ? chunks[from]! : Buffer.concat(chunks.slice(from, to));
}
