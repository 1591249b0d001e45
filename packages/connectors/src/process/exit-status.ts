import type { SpawnedProcess } from "../connector.ts";

export type ExitStatus = Awaited<SpawnedProcess["exit"]>;
export type KillSignal = NonNullable<Parameters<SpawnedProcess["kill"]>[0]>;
