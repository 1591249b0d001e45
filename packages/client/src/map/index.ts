export { laneOf, type MapHost, mapHosts } from "./client-lane.ts";
export type { Chunk } from "./chunk.ts";
export type { ChunkUsage, Lane } from "./lane.ts";
export type { LostHost } from "./map-run.ts";
export { makeMap } from "./make-map.ts";
export { checkMap, type MapItems, type MapOptions, type SettledMap } from "./options.ts";
export { type MapResult, RemoteMap } from "./remote-map.ts";
