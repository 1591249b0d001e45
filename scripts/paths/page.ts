/* docs/paths.md: the files that a piece of work runs through, by folder. */
import { replaceSection } from "../../bench/readme.ts";
import type { ExecutedFile } from "./executed-files.ts";

export type PathName = "call" | "run" | "push";
/** Files by the name of the path. */
export type Paths = Readonly<Record<PathName, readonly ExecutedFile[]>>;

/**
 * Readers and writers of bytes: one who follows a call need not read them. Messages, frames, packets, values and their checks in TypeScript, and
 * the same in Python.
 */
export function isCodec({ file }: ExecutedFile): boolean {
  return file.startsWith("packages/protocol/") || /\/(?:frame|json_text|message|packet|value_\w+|arrays|limits)\.py$/.test(file);
}

export function sizeOf(files: readonly ExecutedFile[]): { files: number; lines: number } {
  const counted = files.filter((file) => !isCodec(file));
  return { files: counted.length, lines: counted.reduce((sum, { lines }) => sum + lines, 0) };
}

export function pathsPage(text: string, paths: Paths): string {
  return (["call", "run", "push"] as const).reduce((page, name) => replaceSection(page, name, section(paths[name])), text);
}

function section(files: readonly ExecutedFile[]): string {
  const size = sizeOf(files);
  const folders = Map.groupBy(files, ({ file }) => file.slice(0, file.lastIndexOf("/")));
  const rows = [...folders].map(([folder, within]) => {
    const lines = within.reduce((sum, each) => sum + each.lines, 0);
    const names = within.map(({ file }) => file.slice(folder.length + 1)).join(", ");
    return `| \`${folder}\` | ${within.length} | ${lines} | ${names} |`;
  });
  const head = `${size.files} files with ${size.lines} lines, readers and writers of bytes not counted.`;
  return [head, "", "| folder | files | lines | names |", "|---|---|---|---|", ...rows].join("\n");
}
