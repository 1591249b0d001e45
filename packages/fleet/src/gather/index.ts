export { formatDifferences, formatGathered, type FormatGatheredOptions, gather } from "./gather.ts";
export { groupsInOrder, type OutputGroup, OutputTree } from "./output-tree.ts";
