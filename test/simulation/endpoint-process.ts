/* A process of the simulated host that runs the endpoint, or a function of it. */
import { SimProcess } from "./virtual-clock.ts";

/** Thrown by whatever a process does that was killed: nothing it does has an effect any more. */
export class ProcessIsGone extends Error {}

export class EndpointProcess extends SimProcess {
  readonly pid: number;
  readonly stdin: Buffer;
  #read = 0;
  readonly stdout: Buffer[] = [];
  /** The other end of its standard output is closed. */
  isLeft = false;
  /** After which step it is killed. */
  crashAt: string | undefined;
  /** What it does on a signal. */
  readonly handlers = new Map<string, () => void>();
  readonly onEnd: (ending: { exitCode: number | null; signal: string | null }) => void;

  constructor(pid: number, stdin: Buffer, onEnd: EndpointProcess["onEnd"]) {
    super(`endpoint ${pid}`);
    this.pid = pid;
    this.stdin = stdin;
    this.onEnd = onEnd;
  }

  read(buffer: Uint8Array, at: number, length: number): number {
    const part = this.stdin.subarray(this.#read, this.#read + length);
    buffer.set(part, at);
    this.#read += part.length;
    return part.length;
  }

  print(chunk: Uint8Array, at = 0, length: number = chunk.length - at): number {
    if (this.isLeft) throw Object.assign(new Error("EPIPE: the other end is closed (simulated)"), { code: "EPIPE" });
    if (length > 0) this.stdout.push(Buffer.from(chunk.subarray(at, at + length)));
    return length;
  }
}
