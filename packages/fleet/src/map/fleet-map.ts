/* One function for many items, on all hosts of a fleet: each takes items as it gets free. */
import { type Chunk, type ChunkUsage, type Lane, laneOf, makeMap, type MapItems, type RemoteClient, type RemoteMap } from "@sremote/client";
import { Slots } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";
import type { MakeCall } from "../call/index.ts";
import type { Host } from "../host/index.ts";
import { Turn } from "../run/index.ts";
import { parseDuration } from "../time/index.ts";
import type { FleetMapOptions } from "./options.ts";

/** The hosts of a map, and how they are reached. */
export interface MapPlaces {
  readonly hosts: readonly Host[];
  /** What results call a host. */
  label(host: Host): string;
  /** Of each, where functions begin. @param cwd the caller's */
  directory(index: number, cwd: string | undefined): string | undefined;
  client(host: Host): RemoteClient;
  /** Connects to a host. @throws SremoteError */
  open(host: Host, turn: Turn, signal: AbortSignal): Promise<unknown>;
  /** Hosts that are connected to at once. */
  readonly concurrency: number;
  /** Makes a call with the code that was shipped when the map was made. */
  readonly makeCall: MakeCall;
}

/** The options are checked already. */
export function mapOver(module: string, fn: string, items: MapItems, given: FleetMapOptions, places: MapPlaces): RemoteMap {
  const { hosts } = places;
  if (hosts.length === 0) throw new InvalidArgumentError("a map needs a host, and the fleet has none");
  const { timeout: duration, ...options } = given;
  const timeout = parseDuration(duration, { argument: "options.timeout" }) ?? undefined;
  const host = hosts.length === 1 ? places.label(hosts[0]!) : `${hosts.length} hosts`;
  const slots = new Slots(places.concurrency);
  return makeMap({ module, fn, items, options: { ...options, timeout }, host }, (mapped, ...how) =>
    hosts.map((each, index) => {
      const cwd = places.directory(index, options.cwd);
      const own = { ...mapped, options: { ...mapped.options, ...(cwd !== undefined && { cwd }) } };
      return new HostLane(each, laneOf(places.client(each), own, ...how), places, slots);
    }),
  );
}

/** A host: it gets items when it was reached. */
class HostLane implements Lane {
  readonly host: string;
  readonly width: number;
  readonly size: Lane["size"];
  readonly #host: Host;
  readonly #inner: Lane;
  readonly #places: MapPlaces;
  readonly #slots: Slots;
  #opened: Promise<void> | undefined;

  constructor(host: Host, inner: Lane, places: MapPlaces, slots: Slots) {
    this.host = places.label(host);
    this.width = inner.width;
    this.size = inner.size;
    this.#host = host;
    this.#inner = inner;
    this.#places = places;
    this.#slots = slots;
  }

  open(signal: AbortSignal): Promise<void> {
    return (this.#opened ??= this.#connect(signal));
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const turn = new Turn(this.#slots, signal);
    await turn.take();
    try {
      await this.#places.open(this.#host, turn, signal);
    } finally {
      turn.give();
    }
  }

  perform(chunk: Chunk, signal: AbortSignal): Promise<ChunkUsage> {
    return this.#places.makeCall(() => this.#inner.perform(chunk, signal));
  }
}
