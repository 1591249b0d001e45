/* Which source belongs where. */
import { InvalidArgumentError, TransferError } from "@sremote/protocol";
import { hasUnknownTilde, shownPath } from "@sremote/connectors";
import { localPath, nameProblem } from "./local-names.ts";
import { type Entry, isName, joinPath, Listing, nameOf, parentOf, type Root } from "./entry.ts";
import { checkPath } from "./options.ts";

/**
 * A list of sources, or a destination that ends with `/`: each goes into that directory under its own name.
 * Otherwise the destination is what the one source is to be called there. Neither depends on what exists.
 */
export interface Sources {
  readonly roots: readonly Root[];
  readonly destination: string;
  /** Whether the destination is a directory to put things into. */
  readonly into: boolean;
}

/** @param here which of both are paths of this machine */
export function checkSources(sources: string | readonly string[], target: string, here: "sources" | "destination"): Sources {
  const checked = (path: unknown, argument: "sources" | "destination"): string =>
    argument === here ? localPath(checkPath(path, argument)) : checkRemote(checkPath(path, argument), argument);
  const destination = checked(target, "destination");
  const into = Array.isArray(sources) || destination.endsWith("/");
  const all: readonly unknown[] = Array.isArray(sources) ? sources : [sources];
  if (all.length === 0) throw new InvalidArgumentError("sources", "at least one path");
  const seen = new Set<string>();
  const roots = all.map((source) => {
    const path = withoutSlash(checked(source, "sources"));
    const prefix = into ? nameOf(path) : "";
    const isUsable = here === "sources" ? nameProblem(prefix) === undefined : isName(prefix) && path !== "~";
    if (into && !isUsable) throw new InvalidArgumentError(`sources must end in a name, and ${shownPath(path)} does not`);
    if (seen.has(prefix)) throw new InvalidArgumentError(`sources must have different names, not ${shownPath(prefix)} twice`);
    seen.add(prefix);
    return { path, prefix, follow: true, partials: false, recursive: true };
  });
  return { roots, destination: withoutSlash(destination), into };
}

/** @throws InvalidArgumentError for a form of `~` that is not known */
function checkRemote(path: string, argument: string): string {
  if (!hasUnknownTilde(path)) return path;
  throw new InvalidArgumentError(argument, `a path without ~user (only ~ and ~/… are expanded)`, {
    hint: "write ./~name for a name that begins with ~",
  });
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "") || "/";
}

export interface Placed {
  /** The directory that everything is relative to. */
  readonly root: string;
  readonly source: Listing;
  /** What there may be already. */
  readonly existing: readonly Root[];
}

/** @throws TransferError when one of the sources does not exist or is nothing that can be copied */
export function placeSources({ roots, destination, into }: Sources, listing: Listing, host: string): Placed {
  for (const root of roots) checkRoot(root, listing, host);
  if (into) {
    const existing = roots.map(({ prefix }) => existingRoot(joinPath(destination, prefix), prefix, listing.entries.get(prefix)!));
    return { root: destination, source: listing, existing };
  }
  const entry = listing.entries.get("")!;
  if (entry.type === "directory") {
    const all = { path: destination, prefix: "", follow: true, partials: false, recursive: true };
    return { root: destination, source: listing, existing: [all] };
  }
  const name = nameOf(destination);
  if (!isName(name)) throw new InvalidArgumentError("destination", "a path that ends in the file's name, or in / for a directory");
  const source = new Listing();
  source.entries.set(name, { ...entry, path: name });
  const root = destination.includes("/") ? parentOf(destination) || "/" : ".";
  return { root, source, existing: [existingRoot(destination, name, entry)] };
}

function existingRoot(path: string, prefix: string, { type }: Entry): Root {
  return { path, prefix, follow: false, partials: type === "file", recursive: type === "directory" };
}

function checkRoot({ prefix, path }: Root, listing: Listing, host: string): void {
  const about = { stage: "transfer", host };
  const entry = listing.entries.get(prefix);
  if (entry === undefined) {
    const failure = listing.failures.find((one) => one.path === prefix);
    const [code, why] =
      failure === undefined
        ? (["no-such-file", "does not exist"] as const)
        : ([failure.errno === "EACCES" ? "permission-denied" : "no-such-file", failure.message] as const);
    throw new TransferError(code, `${shownPath(path)}: ${why}`, about);
  }
  if (entry.type === "other") throw new TransferError("not-a-file", `${shownPath(path)} is neither a file nor a directory`, about);
}
