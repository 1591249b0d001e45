/* What a transfer changes, as a list and as text. */
import { checkList } from "@sremote/protocol";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";

export interface Change {
  /** `create`, `update` (content), `delete`, or only `mode` or `time`. */
  readonly kind: "create" | "update" | "delete" | "mode" | "time";
  readonly path: string;
  readonly type: "file" | "directory" | "link" | "other";
  /** Of a dry run, for small text files: a unified diff. */
  readonly diff?: string;
}

/** Content up to here is compared, each file's and all together. */
export const diffLimits: { readonly file: number; readonly all: number } = { file: 64 * 1024, all: 1 << 20 };
/** Finding differences takes time with their square. */
const mostDifferences = 2000;

/** A unified diff; undefined when one of the sides is not text, or too much differs. */
export function diffText(path: string, before: Uint8Array, after: Uint8Array): string | undefined {
  const [old, now] = [textOf(before), textOf(after)];
  if (old === undefined || now === undefined) return undefined;
  return createTwoFilesPatch(`a/${path}`, `b/${path}`, old, now, undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
    maxEditLength: mostDifferences,
  });
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined; // Not UTF-8, so not shown.
  }
}

const letters = { create: "+", update: "*", delete: "-", mode: "m", time: "t" } as const;

/**
 * One line for each change, and its diff below it.
 *
 * @example
 * ```ts
 * import { ssh } from "sremote";
 * import { formatChanges, sync } from "sremote/transfer";
 *
 * const options = { direction: "push", dryRun: true } as const;
 * const { changes } = await sync(ssh("me@gpu.example.org"), "site", "/srv/site", options);
 * console.log(formatChanges(changes));
 * ```
 */
export function formatChanges(changes: readonly Change[]): string {
  return checkList(
    changes,
    "changes",
    "a change, as a TransferResult has them",
    (change: Partial<Change> | null) => typeof change?.path === "string",
  )
    .map(({ kind, path, type, diff }) => {
      const shown = path === "" ? "." : path.toWellFormed().replaceAll(/[\r\n]/g, "?");
      return `${letters[kind]} ${shown}${type === "directory" ? "/" : ""}\n${diff ?? ""}`;
    })
    .join("");
}
