export { laneOf, type MapHost, mapHosts } from "./client-lane.ts";
export { makeMap } from "./make-map.ts";
export { checkMap, type MapItems, type MapOptions, type SettledMap } from "./options.ts";
export { type MapResult, RemoteMap } from "./remote-map.ts";
