/* Content of files on both sides. */
import { type Entry, joinPath, type Root } from "./entry.ts";
import type { Exchange } from "./exchange.ts";
import { hashOnHost } from "./host-tree.ts";
import { hashLocal } from "./file-digest.ts";
import type { Undecided } from "./plan.ts";
import type { compare, Transfer } from "./transfer.ts";

/** Digests of files of the same size, on both sides at once. */
export async function hashBoth(
  { signal, host, stage }: Transfer,
  exchange: Exchange,
  pairs: Undecided,
  sources: readonly Root[],
  existing: readonly Root[],
): ReturnType<Parameters<typeof compare>[4]> {
  const [here, there] = stage === "push" ? ([0, 1] as const) : ([1, 0] as const);
  const [localRoots, hostRoots] = stage === "push" ? [sources, existing] : [existing, sources];
  const items = pairs.map((pair) => ({ root: pair[there].root, relative: pair[there].relative, length: null }));
  const remote = hashOnHost(exchange, hostRoots, items, host);
  const local: ({ sha256: string; length: number } | undefined)[] = [];
  const hashAll = async (): Promise<void> => {
    for (const pair of pairs) {
      const { path, follow } = sourceOf(pair[here], localRoots);
      // One that cannot be read is not equal; what is wrong with it, sending it will say.
      const sha256 = await hashLocal(path, follow, pair[here].size, signal).catch(() => undefined);
      local.push(sha256 === undefined ? undefined : { sha256, length: pair[here].size });
    }
  };
  const [answers] = await Promise.all([remote, hashAll()]);
  return answers.map((answer, index) => [local[index], answer] as const);
}

/** Where an entry is on its own side. */
export function sourceOf({ root, relative }: Entry, roots: readonly Root[]): { path: string; follow: boolean } {
  const { path, follow } = roots[root]!;
  return { path: joinPath(path, relative), follow: follow && relative === "" };
}
