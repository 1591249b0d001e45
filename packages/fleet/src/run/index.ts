export {
  type CommandForHost,
  each,
  type EachCommand,
  nameOf,
  render,
  renderEnvironment,
  type RenderOptions,
  type RunCommand,
} from "./command.ts";
export { type CompositeOptions, parallel, sequence, type SequenceOptions, type Step } from "./composite.ts";
export { type GatherOptions, RunError, RunResult } from "./result.ts";
export { type Again, type HostLine, hostOf, Run } from "./run.ts";
export { allOf, firstOf, type WaitForOptions } from "./wait-for.ts";
export { FileTap, teeTo } from "./copies.ts";
export { HostRun, type MakeJob } from "./host-run.ts";
export { Turn } from "./turn.ts";
