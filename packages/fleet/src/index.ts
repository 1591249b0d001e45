export * from "./node-set/index.ts";
export * from "./host/index.ts";
export * from "./time/index.ts";
export * from "./gather/index.ts";
export { type Lists, substitute, type SubstituteOptions } from "./substitute.ts";
export type { ColorChoice } from "./color.ts";
export * from "./report/index.ts";
export * from "./configuration/index.ts";
export * from "./log/index.ts";
export {
  type Change,
  type CopyOptions,
  type EntryType,
  formatBytes,
  formatChanges,
  formatProgress,
  type PathFailure,
  progressBar,
  type ProgressBarOptions,
  pull,
  push,
  sync,
  type SyncOptions,
  type TransferCheck,
  type TransferFailure,
  type TransferProgress,
  type TransferResult,
} from "@sremote/transfer";
export {
  type CollectedOutput,
  type Environment,
  type ExpectOptions,
  Job,
  type JobEvents,
  type KillOptions,
  type Line,
  type Match,
  type OutputChunk,
  type Pattern,
  type Phase,
  type Placement,
  type ProcessOptions,
  type Reach,
  RemoteProcess,
  type Signal,
  type StreamName,
  type WaitOptions,
} from "@sremote/process";
export * from "./run/index.ts";
export * from "./fleet/index.ts";
export * from "./call/index.ts";
export * from "./display/index.ts";
