import type { MapOptions } from "@sremote/client";
import type { Duration } from "../time/index.ts";

export interface FleetMapOptions extends Omit<MapOptions, "timeout"> {
  /**
   * Messages under way at once on each host; as many more of all hosts may be done and not be read yet, then no further item is taken.
   *
   * @default twice the clients' `workers`; over files 4
   */
  concurrency?: number | undefined;
  /** Milliseconds, or text with a unit, for the whole; then the map rejects with the code `timeout`. @default none */
  timeout?: Duration | undefined;
}

/** Options with which each item gives a {@link MapResult}. */
export type SettledFleetMap = FleetMapOptions & { settled: true };
