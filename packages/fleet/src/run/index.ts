export { argv, type ArgumentVector, type RenderOptions, type RunCommand } from "./command.ts";
export { type CompositeOptions, parallel, sequence, type SequenceOptions, type Step } from "./composite.ts";
export { type GatherOptions, RunError, RunResult } from "./result.ts";
export { type Again, type HostLine, Run } from "./run.ts";
export { allOf, firstOf, type WaitForOptions } from "./wait-for.ts";
