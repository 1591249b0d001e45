/* What is in trees of this machine. */
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { SremoteError } from "@sremote/protocol";
import { errnoOf, fromBytes } from "@sremote/connectors";
import { type Entry, type EntryType, joinPath, Listing, nameOf, parentOf, type Root } from "./entry.ts";
import { localFailure, native } from "./local-path.ts";
import { startOf, temporaryOf } from "./temporary.ts";

/** So many are looked at in one turn: synchronously, since that takes a fraction of what a detour over the thread pool does. */
const turn = 500;

/** A root that is not there has no entry. */
export async function listLocal(roots: readonly Root[], entryLimit: number, signal: AbortSignal): Promise<Listing> {
  const listing = new Listing();
  for (const [index, root] of roots.entries()) {
    try {
      await listRoot(listing, root, index, entryLimit, signal);
    } catch (error) {
      if (error instanceof SremoteError || signal.aborted) throw error;
      if (errnoOf(error) !== "ENOENT") listing.failures.push(localFailure(root.prefix, error));
    }
    if (root.partials) await addPartials(listing, root);
  }
  return listing;
}

async function listRoot(listing: Listing, root: Root, index: number, entryLimit: number, signal: AbortSignal): Promise<void> {
  const found = await (root.follow ? stat : lstat)(native(root.path));
  const target = found.isSymbolicLink() ? fromBytes(await readlink(native(root.path), { encoding: "buffer" })) : undefined;
  listing.entries.set(root.prefix, entryOf(found, root.prefix, "", index, target));
  if (!root.recursive || !found.isDirectory()) return;
  const directories = [""];
  for (let relative = directories.pop(); relative !== undefined; relative = directories.pop()) {
    try {
      const names = await readdir(native(joinPath(root.path, relative)), { encoding: "buffer" });
      for (let at = 0; at < names.length; at += turn) {
        signal.throwIfAborted();
        for (const name of names.slice(at, at + turn)) {
          const path = joinPath(relative, fromBytes(name));
          if (addEntry(listing, root, index, path) === "directory") directories.push(path);
        }
        if (listing.entries.size > entryLimit) throw tooMany(entryLimit);
        if (names.length > turn) await setImmediate();
      }
    } catch (error) {
      if (error instanceof SremoteError || signal.aborted) throw error;
      listing.failures.push(localFailure(joinPath(root.prefix, relative), error));
    }
  }
}

function tooMany(limit: number): SremoteError {
  return new SremoteError("limit-exceeded", `there are more than ${limit} files and directories`, {
    stage: "transfer",
    hint: "set entryLimit, or copy parts of it",
  });
}

function addEntry(listing: Listing, root: Root, index: number, relative: string): EntryType | undefined {
  const path = joinPath(root.prefix, relative);
  try {
    const where = native(joinPath(root.path, relative));
    const found = lstatSync(where);
    const start = found.isFile() ? temporaryOf(nameOf(relative)) : null;
    if (start !== null) {
      listing.addPartial(joinPath(parentOf(path), start), nameOf(relative), found.size);
      return undefined;
    }
    const target = found.isSymbolicLink() ? fromBytes(readlinkSync(where, { encoding: "buffer" })) : undefined;
    const entry = entryOf(found, path, relative, index, target);
    listing.entries.set(path, entry);
    return entry.type;
  } catch (error) {
    listing.failures.push(localFailure(path, error));
    return undefined;
  }
}

function entryOf(found: Stats, path: string, relative: string, root: number, target: string | undefined): Entry {
  const type = found.isFile() ? "file" : found.isDirectory() ? "directory" : found.isSymbolicLink() ? "link" : "other";
  const about = {
    path,
    type,
    mode: found.mode & 0o7777,
    size: found.size,
    time: Math.round(found.mtimeMs * 1000),
    root,
    relative,
  } as const;
  return target === undefined ? { ...about, links: found.nlink } : { ...about, target, links: 1 };
}

async function addPartials(listing: Listing, root: Root): Promise<void> {
  const directory = root.path.includes("/") ? parentOf(root.path) || "/" : ".";
  const start = startOf(nameOf(root.path));
  const names = await readdir(native(directory)).catch((error: unknown) => {
    if (errnoOf(error) === undefined) throw error;
    return []; // Nothing to go on from; what is wrong with the directory, writing to it will say.
  });
  for (const name of names) {
    if (temporaryOf(name) !== start) continue;
    const found = await lstat(native(joinPath(directory, name)));
    if (found.isFile()) listing.addPartial(root.prefix, name, found.size);
  }
}
