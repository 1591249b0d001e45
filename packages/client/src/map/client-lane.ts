/* One client as the lane of a map: a chunk is a call with many items. */
import {
  type Code,
  type Failure,
  InvalidArgumentError,
  type ItemFailure,
  type ResultMessage,
  SremoteError,
  type WireValue,
  type Attachments,
} from "@sremote/protocol";
import { errorFromReply } from "../call/failure.ts";
import type { Invocation } from "../call/invocation.ts";
import type { CallOptions } from "../call/options.ts";
import type { CallOutput } from "../call/output.ts";
import type { ItemReceiver } from "../call/item-receiver.ts";
import type { CapturedOutput } from "../call/result.ts";
import type { Chunk, ItemReader } from "./chunk.ts";
import { ChunkSize, sessionChunks, spoolChunks } from "./chunk-size.ts";
import { type ChunkUsage, type Lane, UnsendableItems } from "./lane.ts";

/** A client, as far as maps need it. */
export interface MapHost {
  /** The connector's label. */
  readonly host: string;
  /** Messages under way at once unless the caller says how many; undefined where calls go over files. */
  readonly width: number | undefined;
  /** Puts files of this machine in the place of those that were shipped. */
  localize(failure: Failure): Failure;
  /** Calls that the function makes at once have the shipped code of now: a map has one version. */
  freezeCode(): <C>(make: () => C) => C;
  /** Begins a call with many items. */
  call(mapped: MappedFunction, items: readonly unknown[], receiver: (call: Invocation) => ItemReceiver): Invocation;
}

export const mapHosts: WeakMap<object, MapHost> = new WeakMap();

/** Over files each message is a process on the host. */
const spoolWidth = 4;

/** A client as one of the hosts of a map. */
export function laneOf(client: object, mapped: MappedFunction, chunkSize?: number, concurrency?: number): Lane {
  const host = mapHosts.get(client);
  if (host === undefined) throw new InvalidArgumentError("client", "a RemoteClient");
  return new ClientLane(host, mapped, new ChunkSize(chunkSize, host.width === undefined ? spoolChunks : sessionChunks), concurrency);
}

export interface MappedFunction {
  readonly module: string;
  readonly fn: string;
  readonly each: "item" | "args";
  readonly options: CallOptions;
  /** Of the map, shared by all its calls. */
  readonly outputs: readonly [stdout: CallOutput, stderr: CallOutput];
}

/** What is said of arguments that cannot travel. */
const ofArguments = new Set<Code>(["invalid-argument", "unserializable-argument", "limit-exceeded"]);
const nothingPrinted: CapturedOutput = { bytes: new Uint8Array(), total: 0, truncated: false };

class ClientLane implements Lane {
  readonly host: string;
  readonly width: number;
  readonly size: ChunkSize;
  readonly #host: MapHost;
  readonly #mapped: MappedFunction;
  readonly #withCode: <C>(make: () => C) => C;

  constructor(host: MapHost, mapped: MappedFunction, size: ChunkSize, width: number | undefined) {
    this.host = host.host;
    this.width = width ?? host.width ?? spoolWidth;
    this.size = size;
    this.#host = host;
    this.#mapped = mapped;
    this.#withCode = host.freezeCode();
  }

  async perform(chunk: Chunk, signal: AbortSignal): Promise<ChunkUsage> {
    const receiver = (made: Invocation): ItemReceiver => {
      const reader = new CallReader(made, (failure) => this.#host.localize(failure));
      return { take: (message, attachments) => chunk.take(message, attachments, reader) };
    };
    const call = this.#withCode(() => this.#host.call(this.#mapped, chunk.items, receiver));
    const bytes = call.message.frame?.size ?? 0;
    const cancel = (): void => call.cancel(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    const since = performance.now();
    try {
      const { usage } = await call.result;
      return { bytes, milliseconds: usage?.wallMs ?? performance.now() - since };
    } catch (error) {
      throw !call.isSentOff && error instanceof SremoteError && ofArguments.has(error.code) ? new UnsendableItems(error) : error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}

/** Reads what the host says of the items of one call. */
class CallReader implements ItemReader {
  readonly #call: Invocation;

  readonly #localize: (failure: Failure) => Failure;

  constructor(call: Invocation, localize: (failure: Failure) => Failure) {
    this.#call = call;
    this.#localize = localize;
  }

  decode(value: WireValue, attachments: Attachments): unknown {
    return this.#call.context.serializer.decode(value, attachments);
  }

  failure({ outcome, error }: ItemFailure, index: number): SremoteError {
    const { id, context } = this.#call;
    const message: ResultMessage = { type: "result", outcome, error };
    const printed = { stdout: nothingPrinted, stderr: nothingPrinted };
    const failed = { what: `${context.what} (item ${index})`, host: context.host, callId: id, localize: this.#localize };
    return errorFromReply({ message, ...printed }, failed);
  }
}
