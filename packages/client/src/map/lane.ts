/* A host, as a map sees it. */
import type { SremoteError } from "@sremote/protocol";
import type { Chunk } from "./chunk.ts";
import type { ChunkSize } from "./chunk-size.ts";

/** How a message went whose items all have a result or a failure, or have not begun. */
export interface ChunkUsage {
  /** Milliseconds that its items took on the host. */
  readonly milliseconds: number;
  /** Bytes of the message. */
  readonly bytes: number;
}

/** The items as they are cannot be sent in one message; none was. */
export class UnsendableItems extends Error {
  override readonly cause: SremoteError;
  constructor(cause: SremoteError) {
    super(cause.message);
    this.cause = cause;
  }
}

export interface Lane {
  /** The connector's label. */
  readonly host: string;
  /** Messages that may be under way at once. */
  readonly width: number;
  readonly size: ChunkSize;
  /** Resolves when it may be given something. @throws what keeps its host from being reached */
  open?(signal: AbortSignal): Promise<void>;
  /** @throws UnsendableItems, or what a call rejects with; the chunk knows what came before that */
  perform(chunk: Chunk, signal: AbortSignal): Promise<ChunkUsage>;
}
