/* What the host says of its trees. It may lie: nothing is believed that would lead out of a tree or grow without bounds. */
import { hostLimits, ProtocolError, SremoteError } from "@sremote/protocol";
import { type Entry, type EntryType, isName, joinPath, Listing, nameOf, parentOf, type PathFailure, type Root } from "./entry.ts";
import type { Exchange } from "./exchange.ts";
import { decodeJson, encodeJson } from "./frame.ts";
import { messages } from "./message.ts";
import { temporaryOf } from "./temporary.ts";

const types: Readonly<Record<string, EntryType>> = { f: "file", d: "directory", l: "link", o: "other" };
/** As PATH_MAX; what is longer cannot be opened by its name anyway. */
const longestPath = hostLimits.path;
/** Characters of paths, links and failures that each entry may have on average: paths of real trees have some 80. */
const textOfEntry = hostLimits.pathText;
/** Requests are one frame each, of at most 32 MiB. */
const itemsOfRequest = 5000;

export async function listHost(exchange: Exchange, roots: readonly Root[], entryLimit: number, host: string): Promise<Listing> {
  const listing = new Listing();
  const request = { op: "list", roots: roots.map(({ path, follow, partials, recursive }) => [path, follow, partials, recursive]) };
  const reading = new HostListing(listing, roots, entryLimit, host);
  await exchange.request([encodeJson(messages.request, request)], ({ kind, payload }) => {
    if (kind !== messages.listing) throw lie(host, "an answer of another kind");
    reading.take(decodeJson(payload));
  });
  return listing;
}

function lie(host: string, what: string): ProtocolError {
  return new ProtocolError("protocol-error", `the host's listing is not one: ${what}`, { stage: "transfer", host });
}

class HostListing {
  readonly #listing: Listing;
  readonly #roots: readonly Root[];
  readonly #limit: number;
  readonly #host: string;
  #count = 0;
  #text = 0;

  constructor(listing: Listing, roots: readonly Root[], limit: number, host: string) {
    this.#listing = listing;
    this.#roots = roots;
    this.#limit = limit;
    this.#host = host;
  }

  take(value: unknown): void {
    const { root, entries, failures } = (value ?? {}) as { root?: unknown; entries?: unknown; failures?: unknown };
    const at = typeof root === "number" ? this.#roots[root] : undefined;
    if (at === undefined || !Array.isArray(entries) || !Array.isArray(failures)) throw this.#lie("a part is missing");
    for (const entry of entries) this.#add(at, root as number, entry);
    for (const failure of failures) this.#listing.failures.push(this.#failure(at, failure));
    // An answer that says nothing counts, too: it must come to an end.
    this.#count += Math.max(1, entries.length + failures.length);
    if (this.#count > this.#limit) {
      const said = `there are more than ${this.#limit} files and directories`;
      throw new SremoteError("limit-exceeded", said, { stage: "transfer", host: this.#host, hint: "set entryLimit, or copy parts of it" });
    }
  }

  /** A text that is kept. */
  #keep(text: string): string {
    this.#text += text.length;
    if (this.#text > textOfEntry * Math.max(1000, this.#limit)) {
      const said = `the host's paths have more than ${textOfEntry} characters on average`;
      throw new SremoteError("limit-exceeded", said, {
        stage: "transfer",
        host: this.#host,
        hint: "copy parts of it, or raise entryLimit",
      });
    }
    return text;
  }

  #add(root: Root, index: number, value: unknown): void {
    if (!Array.isArray(value) || value.length !== 6) throw this.#lie("an entry is no list of six");
    const [relative, kind, mode, size, time, more] = value as unknown[];
    if (typeof relative !== "string" || relative.length > longestPath) throw this.#lie("a path is no text, or too long");
    this.#keep(relative);
    if (!isCount(mode) || mode > 0o7777 || !isCount(size) || !isTime(time)) throw this.#lie("a figure is out of its range");
    if (kind === "p") return this.#addPartial(root, relative, size);
    const type = types[kind as string];
    if (typeof kind !== "string" || !Object.hasOwn(types, kind) || type === undefined) throw this.#lie("an entry is of no known type");
    this.#checkPlace(root, relative);
    const path = joinPath(root.prefix, relative);
    if (this.#listing.entries.has(path)) throw this.#lie("a path comes twice");
    const about = { path, type, mode, size, time, root: index, relative };
    if (type === "link") {
      if (typeof more !== "string" || more === "" || more.includes("\0") || more.length > longestPath)
        throw this.#lie("a link without text");
      this.#listing.entries.set(path, { ...about, target: this.#keep(more), links: 1 } satisfies Entry);
    } else {
      if (!isCount(more)) throw this.#lie("a figure is out of its range");
      this.#listing.entries.set(path, { ...about, links: more } satisfies Entry);
    }
  }

  /** Below its root there are only names, and directories that were listed as such: neither `..`, nor what lies behind a link. */
  #checkPlace(root: Root, relative: string): void {
    if (relative === "") return;
    if (!relative.split("/").every(isName)) throw this.#lie("a path leads out of its tree");
    if (this.#listing.entries.get(joinPath(root.prefix, parentOf(relative)))?.type !== "directory") {
      throw this.#lie("something lies in what is no directory");
    }
  }

  #addPartial(root: Root, relative: string, size: number): void {
    const name = nameOf(relative);
    const start = isName(name) ? temporaryOf(name) : null;
    if (start === null) throw this.#lie("an unfinished file without the name of one");
    if (root.partials) return this.#listing.addPartial(root.prefix, name, size);
    if (!relative.split("/").every(isName)) throw this.#lie("a path leads out of its tree");
    this.#listing.addPartial(joinPath(joinPath(root.prefix, parentOf(relative)), start), name, size);
  }

  #failure(root: Root, value: unknown): PathFailure {
    if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) throw this.#lie("a failure is no list of texts");
    const [relative = "", errno = "", message = ""] = value;
    const path = joinPath(root.prefix, this.#keep(relative.slice(0, longestPath)));
    return { path, errno: errno.slice(0, 40), message: this.#keep(message.slice(0, 300)) };
  }

  #lie(what: string): ProtocolError {
    return lie(this.#host, what);
  }
}

/** Microseconds; beyond 2255 not all of them. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A beginning of a file, or all of it. */
export interface HashItem {
  readonly root: number;
  readonly relative: string;
  readonly length: number | null;
}

/** SHA-256 in hex, or what was wrong. */
export type HashAnswer = { readonly sha256: string; readonly length: number } | { readonly errno: string; readonly message: string };

/** Digests of files of the host, in the order of the items. @param hold whether they are unfinished files to go on from, which others are to leave alone */
export async function hashOnHost(
  exchange: Exchange,
  roots: readonly Pick<Root, "path" | "follow">[],
  items: readonly HashItem[],
  host: string,
  hold = false,
): Promise<HashAnswer[]> {
  const answers: HashAnswer[] = [];
  for (let at = 0; at < items.length; at += itemsOfRequest) {
    const part = items.slice(at, at + itemsOfRequest);
    const request = {
      op: "hash",
      roots: roots.map(({ path, follow }) => [path, follow]),
      items: part.map(({ root, relative, length }) => [root, relative, length]),
      hold,
    };
    await exchange.request([encodeJson(messages.request, request)], ({ kind, payload }) => {
      const values = kind === messages.digests ? decodeJson(payload) : undefined;
      if (!Array.isArray(values)) throw lie(host, "digests of another kind");
      for (const value of values as unknown[]) answers.push(hashAnswer(value, answers.length - at, host));
    });
    if (answers.length !== at + part.length) throw lie(host, "digests are missing");
  }
  return answers;
}

function hashAnswer(value: unknown, expected: number, host: string): HashAnswer {
  const [number, sha256, third, fourth] = Array.isArray(value) ? (value as unknown[]) : [];
  if (number !== expected) throw lie(host, "digests in another order");
  if (typeof sha256 === "string" && isCount(third)) return { sha256, length: third };
  return { errno: String(third).slice(0, 40), message: String(fourth).slice(0, 300) };
}
