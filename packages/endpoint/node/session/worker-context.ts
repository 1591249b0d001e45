/* What workers need of their session. */
import type { Packet } from "@sremote/protocol";
import type { Call, ParsedRoute } from "./call.ts";
import type { Watcher } from "./watcher.ts";
import type { PipeMaker } from "./worker-pipes.ts";

export interface WorkerContext {
  readonly watcher: Watcher;
  readonly pipes: PipeMaker;
  /** What a worker reads first from its channel: the program. */
  readonly program: Uint8Array;
  workerArguments(number: number): string[];
  /** What the worker's processes have in their environment (strays.ts). */
  workerMark(number: number): string;
  environment(route: ParsedRoute): Promise<NodeJS.ProcessEnv>;
  /** A worker has taken a call. */
  onTaken(call: Call): void;
  /** The worker's process has so many more bytes of the call's request. */
  onHanded(call: Call, bytes: number): void;
  /** The kernel's count of processes ended for lack of memory, as it was before. */
  oomKills(): number | undefined;
  /** Sends a packet of a worker's on as it is. */
  relay(packet: Packet, call: Call): void;
  /** Tells how much was written, where it was not sent. */
  sendTotals(call: Call): void;
  /** Sends a result of the supervisor's own. */
  sendResult(call: Call, frame: readonly Uint8Array[]): void;
}
