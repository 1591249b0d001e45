/* The hosts that an ssh_config names, for wildcards. What is said of them is left to ssh. */
import { checkString } from "@sremote/protocol";
import { glob, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** ssh reads includes up to this depth, see READCONF_MAX_DEPTH of OpenSSH's readconf.c. */
const deepest = 16;

/**
 * The names behind `Host` in an ssh_config and the files it includes, without patterns and exclusions, in their order.
 *
 * @param path default: the user's `~/.ssh/config`. A file that does not exist names no host.
 *
 * @example
 * ```ts
 * import { fleet, sshConfigHosts } from "sremote/fleet";
 *
 * await using nodes = fleet("gpu*", { known: await sshConfigHosts() });
 * ```
 */
export async function sshConfigHosts(path: string = join(homedir(), ".ssh/config")): Promise<string[]> {
  checkString(path, "path");
  const names = new Set<string>();
  await read(path, names, 0);
  return [...names];
}

async function read(path: string, names: Set<string>, depth: number): Promise<void> {
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  for (const line of text.split("\n")) {
    const [, keyword, rest = ""] = /^\s*(host|include)(?:\s*=\s*|\s+)(.*)$/i.exec(line.trimEnd()) ?? [];
    if (keyword === undefined) continue;
    const words = [...rest.replace(/(^|\s)#.*$/, "").matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
    if (/^host$/i.test(keyword)) for (const name of words) if (name !== "" && !/[*?!]/.test(name)) names.add(name);
    if (/^include$/i.test(keyword) && depth < deepest) for (const word of words) await include(word, names, depth + 1);
  }
}

async function include(word: string, names: Set<string>, depth: number): Promise<void> {
  const home = word.startsWith("~/") ? join(homedir(), word.slice(2)) : word;
  // As ssh_config(5): a relative path is below ~/.ssh.
  const pattern = isAbsolute(home) ? home : join(homedir(), ".ssh", home);
  const paths: string[] = [];
  for await (const path of glob(pattern)) paths.push(path);
  for (const path of paths.toSorted()) await read(path, names, depth);
}
