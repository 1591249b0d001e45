/* Makes a map over one or several hosts. */
import { CallOutput } from "../call/output.ts";
import { ItemSource } from "./item-source.ts";
import type { Lane } from "./lane.ts";
import { MapRun } from "./map-run.ts";
import type { MapItems, MapOptions } from "./options.ts";
import { RemoteMap } from "./remote-map.ts";
import type { MappedFunction } from "./client-lane.ts";

/** Makes the lanes of a map. @param most the caller's `concurrency` */
export interface MakeLanes {
  (mapped: MappedFunction, chunkSize: number | undefined, most: number | undefined): readonly Lane[];
}

export interface NewMap {
  readonly module: string;
  readonly fn: string;
  readonly items: MapItems;
  readonly options: MapOptions;
  /** The host, or how many there are. */
  readonly host: string;
}

/** The options are checked already. */
export function makeMap({ module, fn, items, options, host }: NewMap, makeLanes: MakeLanes): RemoteMap {
  const { spread = false, settled = false, repeat = false, chunkSize, concurrency, timeout, signal, stdout, stderr, ...call } = options;
  // What is read of the outputs is read beside the results, and has no error of its own.
  const reader = { onRead: () => undefined };
  const outputs = [new CallOutput(stdout, reader), new CallOutput(stderr, reader)] as const;
  const mapped: MappedFunction = { module, fn, each: spread ? "args" : "item", options: { ...call }, outputs };
  const lanes = makeLanes(mapped, chunkSize, concurrency);
  const run = new MapRun({ source: new ItemSource(items), lanes, repeats: repeat });
  return new RemoteMap({ what: `${module}.${fn}`, host, run, outputs, isSettled: settled, timeout, signal });
}
