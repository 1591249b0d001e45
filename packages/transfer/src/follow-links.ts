/* What links lead to, in their place. Each link becomes a root of its own, which is listed and read through it; all else is as with other sources. */
import { SremoteError } from "@sremote/protocol";
import { shownPath } from "@sremote/connectors";
import { type Entry, joinPath, type Listing, nameOf, parentOf, type Root } from "./entry.ts";
import { sourceOf } from "./both-sides.ts";
import type { CheckedOptions } from "./options.ts";
import { applyFilter } from "./plan.ts";

/** Links behind links. */
const deepest = 16;

export interface Followed {
  readonly listing: Listing;
  /** The sources, and behind them what is read through links. */
  readonly roots: readonly Root[];
}

/** @param list lists what lies on the side of the sources */
export async function sourcesOf(
  listing: Listing,
  sources: readonly Root[],
  { follow, entryLimit, filter }: Pick<CheckedOptions, "follow" | "entryLimit" | "filter">,
  list: (roots: readonly Root[]) => Promise<Listing>,
): Promise<Followed> {
  const roots = [...sources];
  if (!follow) return { listing, roots };
  /** The links that roots are behind. */
  const behind = new Map<number, Entry>();
  const { entries, failures } = listing;
  for (let depth = 0; ; depth++) {
    // In directories that take no part nothing is followed. Whether a link takes part, what it leads to decides.
    if (filter !== undefined) applyFilter(listing, (path, type) => type === "link" || filter(path, type));
    const links = [...entries.values()].filter(({ type }) => type === "link");
    const followed = links.filter((link) => depth < deepest && !leadsUp(link, roots) && !isAgain(link, behind));
    for (const { path } of links) entries.delete(path);
    const isFollowed = new Set(followed);
    for (const link of links.filter((each) => !isFollowed.has(each))) {
      const why = depth < deepest ? "in which it lies itself" : `behind ${deepest} others`;
      failures.push({ path: link.path, errno: "ELOOP", message: `it is a link to ${shownPath(link.target ?? "")}, ${why}` });
    }
    if (followed.length === 0) return { listing, roots };
    const first = roots.length;
    const more = followed.map((link): Root => {
      return { path: sourceOf(link, roots).path, prefix: link.path, follow: true, partials: false, recursive: true };
    });
    const found = await list(more);
    roots.push(...more);
    for (const [index, link] of followed.entries()) behind.set(first + index, link);
    failures.push(...found.failures);
    for (const [path, entry] of found.entries) entries.set(path, { ...entry, root: first + entry.root });
    for (const { path, target = "" } of followed) {
      const isMissing = !found.entries.has(path) && !found.failures.some((failure) => failure.path === path);
      if (isMissing) failures.push({ path, errno: "ENOENT", message: `it is a link to ${shownPath(target)}, which does not exist` });
    }
    if (entries.size > entryLimit) {
      throw new SremoteError("limit-exceeded", `there are more than ${entryLimit} files and directories, with what links lead to`, {
        stage: "transfer",
        hint: "set entryLimit, or copy parts of it",
      });
    }
  }
}

/** Whether its text alone says that it leads to a directory that it lies in. */
function leadsUp(link: Entry, roots: readonly Root[]): boolean {
  const { path } = sourceOf(link, roots);
  const { target = "" } = link;
  const place = parentOf(path);
  const led = plain(target.startsWith("/") ? target : joinPath(place || (path.startsWith("/") ? "/" : "."), target));
  const own = plain(place || (path.startsWith("/") ? "/" : "."));
  return led === "/" || own === led || `${own}/`.startsWith(`${led}/`);
}

/** Whether it was met before on the way to it. One with a relative text may be another of the same name, but not again and again. */
function isAgain(link: Entry, behind: ReadonlyMap<number, Entry>): boolean {
  const { target = "" } = link;
  let left = target.startsWith("/") ? 1 : 2;
  for (let above = behind.get(link.root); above !== undefined && left > 0; above = behind.get(above.root)) {
    if (above.target === target && (target.startsWith("/") || nameOf(above.path) === nameOf(link.path))) left -= 1;
  }
  return left === 0;
}

/** Without `.`, and without names that `..` takes back. */
function plain(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === ".." && names.length > 0 && names.at(-1) !== "..") names.pop();
    else names.push(name);
  }
  return (path.startsWith("/") ? "/" : "") + names.join("/");
}
