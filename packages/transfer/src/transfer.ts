/* What push and pull have in common. */
import { TransferError } from "@sremote/protocol";
import { codeOfMessage, orAborted, shownPath, withDeadline, checkConnectorShape } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { BatchExchange } from "./batch-exchange.ts";
import type { Listing, PathFailure } from "./entry.ts";
import { type Exchange, LiveExchange } from "./exchange.ts";
import { explained, explainedFatal } from "./explain.ts";
import { useDigests } from "./file-digest.ts";
import { HostRuns } from "./host-run.ts";
import type { HashAnswer } from "./host-tree.ts";
import { applyFilter, makePlan, type Plan, type Undecided, undecided } from "./plan.ts";
import type { CheckedOptions, CopyOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import type { TransferResult } from "./result.ts";
import { ShellExchange } from "./shell-exchange.ts";

export interface Transfer {
  readonly connector: Connector;
  readonly host: string;
  readonly stage: "push" | "pull";
  readonly options: CheckedOptions;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Runs a transfer under its deadline, with a program on the host that has ended when this settles. */
export async function withHost<T>(
  connector: Connector,
  stage: "push" | "pull",
  given: CopyOptions,
  options: CheckedOptions,
  run: (transfer: Transfer, exchange: Promise<Exchange>) => Promise<T>,
): Promise<T> {
  checkConnectorShape(connector);
  const host = connector.label;
  return await withDeadline(given, { label: host, stage }, async (signal) => {
    await using _ = useDigests();
    const exchange = startExchange(connector, signal);
    exchange.catch(() => {}); // It is awaited where it is needed first.
    try {
      const transfer: Transfer = { connector, host, stage, options, signal, progress: new Progress(options.onProgress) };
      return await run(transfer, exchange);
    } finally {
      // What is under way on the host puts things in order at the end of its input.
      await exchange.then(
        (started) => started.close(),
        () => {}, // It never was.
      );
    }
  });
}

async function startExchange(connector: Connector, signal: AbortSignal): Promise<Exchange> {
  if (connector.spawn === undefined) return new BatchExchange(connector, signal);
  const runs = new HostRuns(connector, signal);
  return (await LiveExchange.start(connector, signal)) ?? (await ShellExchange.start(connector, runs));
}

/** Compares both sides, and the content of those files that size and time say too little of. */
export async function compare(
  { options, signal, stage }: Transfer,
  source: Listing,
  existing: Listing,
  exactTimes: boolean,
  hash: (pairs: Undecided) => Promise<readonly (readonly [HashAnswer | undefined, HashAnswer | undefined])[]>,
): Promise<Plan> {
  const modeBits = (options.specialModes ?? stage === "push") ? 0o7777 : 0o777;
  applyFilter(source, options.filter);
  const kept = applyFilter(existing, options.filter);
  const byContent = !exactTimes && options.check !== "always";
  const pairs = undecided(source, existing, byContent ? { ...options, check: "hash" } : options);
  const equal = new Set<string>();
  const differing = new Set<string>();
  if (pairs.length > 0) {
    const answers = await orAborted(hash(pairs), signal);
    for (const [index, [entry]] of pairs.entries()) {
      const [one, other] = answers[index] ?? [];
      const same = one !== undefined && other !== undefined && "sha256" in one && "sha256" in other && one.sha256 === other.sha256;
      (same ? equal : differing).add(entry.path);
    }
  }
  return makePlan(source, existing, { ...options, modeBits }, equal, differing, kept);
}

/** Counts what came of a plan. */
export function resultOf(
  plan: Plan,
  failures: readonly PathFailure[],
  transferred: number,
  started: number,
  { growing }: Pick<CheckedOptions, "growing">,
): TransferResult {
  const updated = new Set(plan.updates.map(({ entry }) => entry.path));
  const all = [...plan.failures, ...failures].map((failure) => explained(failure, { updated, growing }));
  const failed = new Set(all.map(({ path }) => path));
  const made = [...plan.files, ...plan.links].filter(({ path }) => !failed.has(path));
  return {
    ok: all.length === 0,
    files: made.length,
    bytes: made.reduce((sum, { type, size }) => sum + (type === "file" ? size : 0), 0),
    transferred,
    unchanged: plan.unchanged,
    skipped: plan.skipped,
    deleted: [...plan.deletions, ...plan.conflicts].filter(({ path }) => !failed.has(path)).length,
    duration: performance.now() - started,
    failures: all,
    changes: plan.changes.filter(({ path }) => !failed.has(path)),
  };
}

/** The error for what stops a whole transfer. */
export function fatalError({ host, stage }: Transfer, failure: PathFailure): TransferError {
  const { path, errno } = failure;
  const message = explainedFatal(failure);
  const code = errno === "ENOSPC" || errno === "EDQUOT" ? "disk-full" : codeOfMessage(failure.message);
  return new TransferError(code, `${stage} ${shownPath(path)}: ${message}`, { stage, host });
}
