export { formatDifferences, formatGathered, type FormatGatheredOptions, gather } from "./gather.ts";
export { type OutputGroup, OutputTree } from "./output-tree.ts";
