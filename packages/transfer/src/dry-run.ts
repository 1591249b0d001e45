/* Differences of small text files, before anything is changed. */
import { readFile } from "node:fs/promises";
import type { Change } from "./changes.ts";
import { diffLimits, diffText } from "./changes.ts";
import type { Entry, Listing, Root } from "./entry.ts";
import type { Exchange } from "./exchange.ts";
import { decodeBatch, encodeJson } from "./frame.ts";
import { native } from "./local-path.ts";
import { messages } from "./message.ts";
import type { Plan } from "./plan.ts";
import { sourceOf } from "./both-sides.ts";
import type { Transfer } from "./transfer.ts";

/** Adds a unified diff to the changes of files that are small on both sides, as far as the limit for all of them goes. */
export async function fillDiffs(
  { stage }: Transfer,
  exchange: Exchange,
  plan: Plan,
  existing: Listing,
  sources: readonly Root[],
  existingRoots: readonly Root[],
): Promise<void> {
  const pairs: (readonly [source: Entry, there: Entry])[] = [];
  let all = 0;
  for (const entry of plan.files) {
    const there = existing.entries.get(entry.path);
    const size = Math.max(entry.size, there?.size ?? 0);
    if (there?.type !== "file" || size > diffLimits.file || all + size > diffLimits.all) continue;
    all += size;
    pairs.push([entry, there]);
  }
  if (pairs.length === 0) return;
  const isPush = stage === "push";
  const [localRoots, hostRoots] = isPush ? [sources, existingRoots] : [existingRoots, sources];
  const remote = await contents(
    exchange,
    hostRoots,
    pairs.map(([source, there]) => (isPush ? there : source)),
  );
  for (const [index, [source, there]] of pairs.entries()) {
    const theirs = remote.get(index);
    // What cannot be read has no diff; that it cannot, the transfer itself will say.
    const ours = await readFile(native(sourceOf(isPush ? source : there, localRoots).path)).catch(() => undefined);
    if (theirs === undefined || ours === undefined) continue;
    const diff = isPush ? diffText(source.path, theirs, ours) : diffText(source.path, ours, theirs);
    const at = plan.changes.findIndex(({ path, kind }) => path === source.path && kind === "update");
    if (diff !== undefined && at >= 0) plan.changes[at] = { ...plan.changes[at]!, diff } satisfies Change;
  }
}

/** The content of small files of the host, by their place in the list. */
async function contents(exchange: Exchange, roots: readonly Root[], files: readonly Entry[]): Promise<Map<number, Buffer>> {
  const found = new Map<number, Buffer>();
  const head = encodeJson(messages.request, { op: "send", roots: roots.map(({ path, follow }) => [path, follow]) });
  const items = files.map(({ root, relative, size }, number) => [number, root, relative, size, 0]);
  await exchange.request([head, encodeJson(messages.items, items), encodeJson(messages.end, {})], ({ kind, payload }) => {
    if (kind !== messages.files) return;
    const { head: heads, content } = decodeBatch(payload);
    let at = 0;
    for (const [number, sha256, length] of heads as [number, string | null, number][]) {
      if (sha256 === null) continue;
      found.set(number, content.subarray(at, (at += length)));
    }
  });
  return found;
}
