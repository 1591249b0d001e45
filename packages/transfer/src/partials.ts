/* Going on from unfinished files: the beginning of the file must be what they hold. */
import type { Hash } from "node:crypto";
import type { Entry, Listing, PartialFile } from "./entry.ts";
import { smallFile } from "./local-sender.ts";
import { largestInMemory } from "./parts.ts";

export interface Candidate {
  readonly entry: Entry;
  readonly partial: PartialFile;
}

export interface Resumed {
  readonly name: string;
  readonly length: number;
  readonly hash: Hash;
}

/**
 * The largest unfinished file for each file that is sent.
 * @param limit of the exchange: where requests are held in memory, only files in parts are gone on from
 */
export function candidates(
  files: readonly Entry[],
  listing: Listing,
  limit: number,
  usable: (name: string) => boolean = () => true,
): Candidate[] {
  if (listing.partials.size === 0) return [];
  const whole = limit === Infinity ? smallFile : largestInMemory;
  return files.flatMap((entry) => {
    if (entry.size <= whole) return [];
    const fitting = (listing.partials.get(entry.path) ?? []).filter(({ name, size }) => size > 0 && size <= entry.size && usable(name));
    const partial = fitting.toSorted((a, b) => b.size - a.size)[0];
    return partial === undefined ? [] : [{ entry, partial }];
  });
}
