export { type Counts, countsOf, formatCounts } from "./counts.ts";
export { display, type DisplayOptions } from "./display.ts";
