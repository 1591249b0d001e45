/* sremote push, pull, sync */
import type { FleetTransferOptions, RemoteTransfer, Run } from "@sremote/fleet";
import { hostText, InvalidArgumentError } from "@sremote/protocol";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";
import type { HostOptions } from "./host-options.ts";
import { openFleet } from "./open-fleet.ts";
import { exitCodeOf, type GroupCommandOptions, groupOptions, watch } from "./run-hosts.ts";
import { toJson } from "./value-json.ts";

export interface CopyCommandOptions extends GroupCommandOptions {
  exclude?: string[];
  delete?: true;
  dryRun?: true;
  followLinks?: true;
  checksum?: true;
}

export interface SyncCommandOptions extends CopyCommandOptions {
  pull?: true;
}

/** The last path is the destination. */
export async function push(
  context: Context,
  hosts: string,
  paths: readonly string[],
  options: CopyCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const [sources, destination] = sourcesAnd(paths);
  return copy(context, hosts, options, hostOptions, (nodes, own) => nodes.push(sources, destination, own));
}

/** Each host's files go to a place of its own below the last path. */
export async function pull(
  context: Context,
  hosts: string,
  paths: readonly string[],
  options: CopyCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const [sources, destination] = sourcesAnd(paths);
  return copy(context, hosts, options, hostOptions, (nodes, own) => nodes.pull(sources, destination, own));
}

export async function sync(
  context: Context,
  hosts: string,
  here: string,
  there: string,
  options: SyncCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const direction = options.pull === true ? "pull" : "push";
  return copy(context, hosts, options, hostOptions, (nodes, own) => nodes.sync(here, there, { ...own, direction }));
}

/** One alone is something else than a list of one, which goes into a directory. */
function sourcesAnd(paths: readonly string[]): [sources: string | string[], destination: string] {
  const destination = paths.at(-1);
  const [first, ...rest] = paths.slice(0, -1);
  if (first === undefined || destination === undefined) throw new InvalidArgumentError("a source and a destination are needed");
  return [rest.length === 0 ? first : [first, ...rest], destination];
}

type Nodes = Awaited<ReturnType<typeof openFleet>>;

async function copy(
  context: Context,
  hosts: string,
  options: CopyCommandOptions,
  hostOptions: HostOptions,
  begin: (nodes: Nodes, options: FleetTransferOptions) => Run<RemoteTransfer>,
): Promise<ExitCode> {
  await using nodes = await openFleet(hosts, hostOptions);
  const { exclude = [], dryRun, followLinks, checksum } = options;
  const run = begin(nodes, {
    ...groupOptions(options),
    ...(options.delete === true ? { delete: true } : {}),
    ...(dryRun === true ? { dryRun } : {}),
    ...(followLinks === true ? { links: "follow" as const } : {}),
    ...(checksum === true ? { check: "hash" as const } : {}),
    ...(exclude.length > 0 ? { filter: withoutMatches(exclude) } : {}),
    signal: context.signal,
  });
  if (options.json !== true) {
    const code = await watch(context, run);
    if (dryRun === true) await printChanges(context, run.jobs);
    return code;
  }
  const result = await run;
  for (const { label, result: done, reason, error } of result.jobs) {
    const failed = error === undefined ? {} : { error: { code: error.code, message: error.message } };
    await context.stdout.write(
      `${JSON.stringify({ host: label, reason, ...(done === undefined ? {} : { result: toJson(done) }), ...failed })}\n`,
    );
  }
  return exitCodeOf(result);
}

async function printChanges({ stdout }: Context, jobs: readonly RemoteTransfer[]): Promise<void> {
  const { formatChanges } = await import("@sremote/transfer");
  for (const { label, result } of jobs) {
    if (result === undefined || result.changes.length === 0) continue;
    await stdout.write(
      hostText(`${jobs.length > 1 ? `${label}:\n` : ""}${formatChanges(result.changes).replace(/\n*$/, "\n")}`, {
        limit: Number.POSITIVE_INFINITY,
      }),
    );
  }
}

/** Paths of which a part, or the whole, matches a pattern with `*` and `?`: `*.pyc`, `.git`, `build/cache`. */
export function withoutMatches(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.map((pattern) => {
    const text = pattern
      .replace(/\/$/, "")
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]");
    return { isPath: pattern.replace(/\/$/, "").includes("/"), matches: new RegExp(`^${text.replace(/^\//, "")}$`) };
  });
  return (path) => !rules.some(({ isPath, matches }) => (isPath ? matches.test(path) : path.split("/").some((part) => matches.test(part))));
}
