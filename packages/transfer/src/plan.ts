/* What has to be done so that one tree becomes the other. Pure: two listings in, a plan out. */
import { type Entry, equalTime, type Listing, nameOf, parentOf, type PathFailure, sameTime } from "./entry.ts";
import type { CheckedOptions } from "./options.ts";
import type { Change } from "./changes.ts";

export interface MetaUpdate {
  readonly entry: Entry;
  readonly mode: number | null;
  readonly time: number | null;
}

export interface Plan {
  /** What is in the way of a directory, or of a file with `delete`; innermost first. */
  readonly conflicts: Entry[];
  /** Whether the destination, a directory, is itself to be made. */
  makeRoot: boolean;
  /** To be made, outermost first. */
  readonly directories: Entry[];
  /** To be sent. */
  readonly files: Entry[];
  readonly links: Entry[];
  /** Not in the source; innermost first. */
  readonly deletions: Entry[];
  /** Of things that are otherwise as they should be; directories last, innermost first. */
  readonly updates: MetaUpdate[];
  unchanged: number;
  skipped: number;
  readonly failures: PathFailure[];
  readonly changes: Change[];
}

/** Files of the same size on both sides, whose content decides. */
export type Undecided = readonly [source: Entry, existing: Entry][];

type Options = Pick<CheckedOptions, "check" | "modes" | "times" | "delete" | "filter">;

const allBits = 0o7777;

interface PlanOptions extends Options {
  /** Those bits of modes that are kept; of the others none is ever set. @default all */
  readonly modeBits?: number;
}

/** Removes from a listing what is filtered out. @returns the paths of directories that hold such things */
export function applyFilter(listing: Listing, filter: Options["filter"]): Set<string> {
  const holding = new Set<string>();
  if (filter === undefined) return holding;
  const left = new Set<string>();
  for (const [path, entry] of [...listing.entries].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const parent = parentOf(path);
    if (path === "" || (!(parent !== "" && left.has(parent)) && filter(path, entry.type))) continue;
    left.add(path);
    listing.entries.delete(path);
    for (let above = parent; ; above = parentOf(above)) {
      holding.add(above);
      if (above === "") break;
    }
  }
  return holding;
}

/** Which files need their content compared before anything is decided. */
export function undecided(source: Listing, existing: Listing, options: Options): Undecided {
  if (options.check === "always") return [];
  const pairs: [Entry, Entry][] = [];
  for (const entry of source.entries.values()) {
    const there = existing.entries.get(entry.path);
    if (entry.type !== "file" || there?.type !== "file" || there.size !== entry.size || entry.size === 0) continue;
    if (options.check !== "hash" && equalTime(entry.time, there.time)) continue;
    pairs.push([entry, there]);
  }
  return pairs;
}

/**
 * @param equal the paths of those undecided files whose content is equal
 * @param kept directories that hold what is not to be touched
 */
export function makePlan(
  source: Listing,
  existing: Listing,
  options: PlanOptions,
  equal: ReadonlySet<string>,
  differing: ReadonlySet<string>,
  kept: ReadonlySet<string>,
): Plan {
  const { modeBits = allBits } = options;
  for (const [path, entry] of source.entries) {
    if ((entry.mode & ~modeBits) !== 0) source.entries.set(path, { ...entry, mode: entry.mode & modeBits });
  }
  const planning = new Planning(source, existing, options, kept);
  for (const path of [...source.entries.keys()].toSorted()) planning.decide(source.entries.get(path)!, equal, differing);
  planning.decideDeletions();
  planning.decideDirectories();
  return planning.plan;
}

class Planning {
  readonly plan: Plan = {
    conflicts: [],
    makeRoot: false,
    directories: [],
    files: [],
    links: [],
    deletions: [],
    updates: [],
    unchanged: 0,
    skipped: 0,
    failures: [],
    changes: [],
  };
  readonly #source: Listing;
  readonly #existing: Listing;
  readonly #options: PlanOptions;
  readonly #kept: ReadonlySet<string>;
  /** Directories in which something is made or removed, which changes their time. */
  readonly #touched = new Set<string>();
  /** What cannot be; nothing can be put into it either. */
  readonly #blocked = new Set<string>();

  constructor(source: Listing, existing: Listing, options: PlanOptions, kept: ReadonlySet<string>) {
    this.#source = source;
    this.#existing = existing;
    this.#options = options;
    this.#kept = kept;
    for (const failure of source.failures) this.plan.failures.push(failure);
  }

  decide(entry: Entry, equal: ReadonlySet<string>, differing: ReadonlySet<string>): void {
    const there = this.#existing.entries.get(entry.path);
    if (entry.path !== "" && this.#blocked.has(parentOf(entry.path))) {
      this.#blocked.add(entry.path);
      return;
    }
    if (entry.type === "other") {
      this.plan.skipped += 1;
      return;
    }
    if (there !== undefined && there.type !== entry.type && !this.#clear(entry, there)) return;
    if (entry.type === "directory") this.#directory(entry, there);
    else if (entry.type === "link") this.#link(entry, there);
    else this.#file(entry, there, equal, differing);
  }

  /** Makes room for something of another type. A file or link takes the place of another by itself. */
  #clear(entry: Entry, there: Entry): boolean {
    if (entry.path === "") {
      this.#fail(entry, "ENOTDIR", "the destination is not a directory");
      return false;
    }
    if (there.type === "directory") {
      if (!this.#options.delete || this.#kept.has(there.path)) {
        this.#fail(entry, "EISDIR", this.#inTheWay(entry, there));
        return false;
      }
      const inside = [...this.#existing.entries.values()].filter(({ path }) => path === there.path || path.startsWith(`${there.path}/`));
      this.plan.conflicts.push(...inside.toSorted((a, b) => (a.path < b.path ? 1 : -1)));
      return true;
    }
    if (entry.type === "directory") this.plan.conflicts.push(there);
    return true;
  }

  /** What to do about a directory that is in the place of a file or link. */
  #inTheWay(entry: Entry, there: Entry): string {
    const kept = this.#kept.has(there.path);
    if (this.#options.delete && kept) return "there is a directory in its place, which holds what `filter` leaves out";
    const isAlone = this.#source.entries.size === 1 && entry.relative === "";
    if (isAlone) return "there is a directory in its place; a destination that ends with / puts it into that directory";
    return `there is a directory in its place; \`delete\` would let it be replaced${kept ? ", but for what `filter` leaves out" : ""}`;
  }

  #fail(entry: Entry, errno: string, message: string): void {
    this.plan.failures.push({ path: entry.path, errno, message });
    this.#blocked.add(entry.path);
  }

  #directory(entry: Entry, there: Entry | undefined): void {
    if (there?.type === "directory") return; // Its mode and time are decided at the end.
    if (entry.path === "") this.plan.makeRoot = true;
    else this.plan.directories.push(entry);
    this.#touch(entry);
    this.#change(entry, "create");
  }

  #link(entry: Entry, there: Entry | undefined): void {
    if (there?.type === "link" && there.target === entry.target) {
      this.plan.unchanged += 1;
      if (this.#options.times && !sameTime(entry.time, there.time)) this.plan.updates.push({ entry, mode: null, time: entry.time });
      return;
    }
    this.plan.links.push(entry);
    this.#touch(entry);
    this.#change(entry, there === undefined ? "create" : "update");
  }

  #file(entry: Entry, there: Entry | undefined, equal: ReadonlySet<string>, differing: ReadonlySet<string>): void {
    if (there?.type === "file" && this.#isEqual(entry, there, equal, differing)) {
      const mode = this.#modeOf(entry, there);
      const time = this.#options.times && !sameTime(entry.time, there.time) ? entry.time : null;
      // Mode and time belong to the file, not to its name: another name of it, perhaps elsewhere, would change with it.
      if ((mode === null && time === null) || there.links <= 1) {
        this.plan.unchanged += 1;
        if (mode === null && time === null) return;
        this.plan.updates.push({ entry, mode, time });
        this.#change(entry, mode === null ? "time" : "mode");
        return;
      }
    }
    this.plan.files.push(entry);
    this.#touch(entry);
    this.#change(entry, there === undefined ? "create" : "update");
  }

  /** To be set; null where it is as it should be. Bits that are not kept decide nothing, and a directory keeps its own. */
  #modeOf(entry: Entry, there: Entry | undefined): number | null {
    const { modes, modeBits = allBits } = this.#options;
    if (!modes || (there !== undefined && entry.mode === (there.mode & modeBits))) return null;
    return entry.type === "directory" && there !== undefined ? entry.mode | (there.mode & ~modeBits) : entry.mode;
  }

  #isEqual(entry: Entry, there: Entry, equal: ReadonlySet<string>, differing: ReadonlySet<string>): boolean {
    if (this.#options.check === "always" || entry.size !== there.size || differing.has(entry.path)) return false;
    if (equal.has(entry.path) || entry.size === 0) return true;
    return this.#options.check !== "hash" && equalTime(entry.time, there.time);
  }

  /** What the source does not have. When not all of the source could be read, nothing is known to be missing from it. */
  decideDeletions(): void {
    if (!this.#options.delete || this.#source.failures.length > 0) return;
    const cleared = new Set(this.plan.conflicts.map(({ path }) => path));
    const extra = [...this.#existing.entries.values()].filter(
      ({ path, type }) =>
        !this.#source.entries.has(path) && !cleared.has(path) && !(type === "directory" && this.#kept.has(path)) && !this.#isBlocked(path),
    );
    for (const entry of extra.toSorted((a, b) => (a.path < b.path ? 1 : -1))) {
      this.plan.deletions.push(entry);
      this.#touch(entry);
      this.#change(entry, "delete");
    }
  }

  #isBlocked(path: string): boolean {
    for (let above = path; above !== ""; above = parentOf(above)) if (this.#blocked.has(above)) return true;
    return false;
  }

  /** Modes and times of directories come last: writing in one changes its time, and may need another mode. */
  decideDirectories(): void {
    const made = new Set(this.plan.directories.map(({ path }) => path));
    if (this.plan.makeRoot) made.add("");
    for (const path of [...this.#source.entries.keys()].toSorted().toReversed()) {
      const entry = this.#source.entries.get(path)!;
      if (entry.type !== "directory" || this.#blocked.has(path)) continue;
      const there = made.has(path) ? undefined : this.#existing.entries.get(path);
      const mode = this.#modeOf(entry, there);
      const differs = there === undefined || !sameTime(entry.time, there.time);
      const time = this.#options.times && (differs || this.#touched.has(path)) ? entry.time : null;
      if (mode === null && time === null) continue;
      this.plan.updates.push({ entry, mode, time });
      if (there !== undefined && (mode !== null || differs)) this.#change(entry, mode === null ? "time" : "mode");
    }
  }

  #touch(entry: Entry): void {
    if (entry.path !== "") this.#touched.add(parentOf(entry.path));
  }

  #change({ path, type }: Entry, kind: Change["kind"]): void {
    this.plan.changes.push({ kind, path, type });
  }
}

/** Unfinished files that belong to no file of the source, by directory and name. */
export function orphans(existing: Listing, source: Listing): { directory: string; name: string }[] {
  const found: { directory: string; name: string }[] = [];
  for (const [path, partials] of existing.partials) {
    if (source.entries.has(path) || nameOf(path) === "") continue;
    for (const { name } of partials) found.push({ directory: parentOf(path), name });
  }
  return found;
}
