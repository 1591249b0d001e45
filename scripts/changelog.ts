/*
 * `npm run changelog`: makes a section of CHANGELOG.md of the changesets, and then the versions of the packages by changesets itself.
 * One section for all packages, which have one version: docs/decisions/080-one-changelog.md.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wrapMarkdown } from "./wrap-markdown.ts";

export type Bump = "major" | "minor" | "patch";

export interface Changeset {
  readonly bump: Bump;
  readonly text: string;
}

const bumps: readonly Bump[] = ["major", "minor", "patch"];
const headings: Readonly<Record<Bump, string>> = { major: "What changes for you", minor: "New", patch: "Mended" };

/** Reads a file of `.changeset`: the greatest of its bumps counts. @param file for the message of an error */
export function parseChangeset(file: string, source: string): Changeset {
  const [, head = "", text = ""] = /^---\n([^]*?)\n---\n([^]*)$/.exec(source) ?? [];
  const named = head.split("\n").map((line) => /^"[@\w/-]+": (major|minor|patch)$/.exec(line)?.[1] as Bump | undefined);
  const bump = bumps.find((each) => named.includes(each));
  if (bump === undefined || named.includes(undefined)) throw new Error(`${file}: the head names no packages with major, minor or patch`);
  if (text.trim() === "") throw new Error(`${file}: the text is missing`);
  return { bump, text: text.trim() };
}

/** The version after one, by the greatest bump. */
export function nextVersion(version: string, changesets: readonly Changeset[]): string {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const bump = bumps.find((each) => changesets.some((changeset) => changeset.bump === each));
  if (bump === "major") return `${major + 1}.0.0`;
  return bump === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/** The section of one version; in each part the changes as they were given. */
export function section(version: string, date: string, changesets: readonly Changeset[]): string {
  const parts = bumps.flatMap((bump) => {
    const lines = changesets.filter((each) => each.bump === bump).map(({ text }) => `- ${text.replaceAll(/\n(?=.)/g, "\n  ")}`);
    return lines.length === 0 ? [] : [`### ${headings[bump]}\n\n${lines.join("\n")}\n`];
  });
  return `## ${version} (${date})\n\n${parts.join("\n")}`;
}

/** The page with a section above all others. */
export function withSection(page: string, added: string): string {
  const first = page.search(/^## /m);
  return first < 0 ? `${page.trimEnd()}\n\n${added}` : `${page.slice(0, first)}${added}\n${page.slice(first)}`;
}

function main(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const directory = join(root, ".changeset");
  const files = readdirSync(directory).filter((name) => name.endsWith(".md"));
  if (files.length === 0) throw new Error("changelog: there are no changesets, so there is nothing to release");
  const changesets = files.map((name) => parseChangeset(name, readFileSync(join(directory, name), "utf8")));
  const versionOf = (): string =>
    (JSON.parse(readFileSync(join(root, "packages/sremote/package.json"), "utf8")) as { version: string }).version;
  const version = nextVersion(versionOf(), changesets);
  const { status } = spawnSync(process.execPath, [join(root, "node_modules/.bin/changeset"), "version"], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`changelog: changeset version ended with ${status}`);
  if (versionOf() !== version) throw new Error(`changelog: changesets made version ${versionOf()}, not ${version}`);
  const page = join(root, "CHANGELOG.md");
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(page, wrapMarkdown(withSection(readFileSync(page, "utf8"), section(version, date, changesets))));
  console.log(`CHANGELOG.md has a section for ${version}: read it, and mend its texts`);
}

if (import.meta.main) main();
