/* What a connector must be able to do to get exec, push and pull from this folder. */
import type { Command, SpawnedProcess, SpawnOptions } from "../connector.ts";

export interface StartOptions extends SpawnOptions {
  /** Bytes of input that follow, after which it ends. Default: unknown. */
  inputSize?: number | undefined;
}

/**
 * Starts a command on the host. The options concern the start alone. Rejects with a `ConnectError` when that fails; when `signal`
 * is aborted it should reject soon, and must not leave a process behind.
 */
export type StartProcess = (command: Command, options: StartOptions) => Promise<SpawnedProcess>;
