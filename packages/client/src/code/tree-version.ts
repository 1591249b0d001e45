/* A tree of source code as it was at one moment: PROTOCOL.md, "Shipped code". */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where a tree comes from. */
export interface TreeOrigin {
  /** Absolute. */
  readonly root: string;
  /** `""` where the root itself is the tree, `analysis/` for a directory, undefined for a file. */
  readonly prefix: string | undefined;
}

export interface TreeFile {
  /** On the host, below the tree. */
  readonly path: string;
  readonly digest: string;
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}

export interface TreeVersion {
  readonly origin: TreeOrigin;
  readonly digest: string;
  readonly manifest: string;
  readonly files: readonly TreeFile[];
}

export function digestOf(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

export function versionOf(origin: TreeOrigin, files: readonly TreeFile[]): TreeVersion {
  const sorted = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const manifest = JSON.stringify(sorted.map(({ path, digest, content, isExecutable }) => [path, digest, content.length, isExecutable]));
  return { origin, digest: digestOf(manifest), manifest, files: sorted };
}

/** A file of a tree on the host. */
const shippedFile = /\/code\/([0-9a-f]{64})\/(.+)$/s;

/** The file on this machine that lies on the host as `file`; the same text where it is of no tree. */
export function localFile(file: string, originOf: (digest: string) => TreeOrigin | undefined): string {
  const [, digest = "", path = ""] = shippedFile.exec(file) ?? [];
  const origin = originOf(digest);
  if (origin === undefined) return file;
  const { root, prefix } = origin;
  if (prefix === undefined) return root;
  if (!path.startsWith(prefix)) return file;
  const local = join(root, path.slice(prefix.length));
  const typed = local.replace(/\.([cm]?)js$/, ".$1ts");
  return typed !== local && !existsSync(local) && existsSync(typed) ? typed : local;
}
