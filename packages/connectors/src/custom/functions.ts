/* The author's part of a connector. */
import type { SpawnedProcess } from "../connector.ts";

/** What `exec` of a custom connector resolves to. Bytes, not text: a decoded string has lost what was not UTF-8. */
export interface CustomResult {
  /** 0–255; null when a signal ended the command, as far as that can be known. */
  readonly exitCode: number | null;
  /** Such as `SIGKILL`. */
  readonly signal?: string | null | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

export interface CustomContext {
  /** Aborted at a deadline, by the caller, or when the connector is closed. The function should then end soon; its result is ignored. */
  readonly signal: AbortSignal;
}

export interface CustomTransferContext extends CustomContext {
  /**
   * A line for the host's shell that does the transfer where `exec` can be used for it: for `push` it writes its standard input to the
   * file, for `pull` it prints the file. It holds the path quoted, whatever bytes it is made of.
   */
  readonly line: string;
}

/** The author's part: how to run one command line on a host, and how to move one file there and back. */
export interface CustomFunctions {
  /** Such as `docker://name`, for errors and logs. Holds no secret. */
  readonly label: string;
  /**
   * Runs a line of printable ASCII in the host's shell (of any kind) and waits for its end. A non-zero exit code is a result, not an error.
   * `stdin` is given only where `acceptsStdin` is true.
   */
  readonly exec: (line: string, context: CustomContext & { readonly stdin?: Uint8Array | undefined }) => Promise<CustomResult>;
  /** Writes the bytes to a file that does not exist yet. It need not be atomic, check anything or clean up. */
  readonly push: (bytes: Uint8Array, remotePath: string, context: CustomTransferContext) => Promise<unknown>;
  /** Reads a file whole. A name that is not UTF-8 is a string as explained at `fromBytes`. */
  readonly pull: (remotePath: string, context: CustomTransferContext) => Promise<Uint8Array>;
  /** Whether `exec` passes `stdin` on and returns stdout exactly and unbounded. Default false. */
  readonly acceptsStdin?: boolean | undefined;
  /**
   * Starts a line as a live process. The line is printable ASCII for the host's shell; the process's streams carry bytes. `exit` resolves when
   * it has ended, and its outputs end then; disposing ends it. Closing the connector disposes of those that are left, and then ends on a Linux
   * host what still runs of them. See "Live processes" in the guide.
   */
  readonly spawn?: ((line: string, context: CustomContext) => Promise<SpawnedProcess>) | undefined;
  /** Throws when the host cannot be reached. Default: runs `true` there. */
  readonly status?: ((context: CustomContext) => Promise<unknown>) | undefined;
  /** Called once. */
  readonly close?: (() => Promise<unknown>) | undefined;
}
