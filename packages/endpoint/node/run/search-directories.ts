import { existsSync } from "node:fs";

/** Directories whose `node_modules` (and those above) are searched for packages, in this order. */
export function searchDirectories(base: string): string[] {
  return [process.cwd(), `${base}/node`];
}

/** Trees of shipped code, for the function's process. */
export const codeVariable = "SREMOTE_CODE";
// Read when the process begins: later, the variable is the user's.
const shipped = (process.env[codeVariable] ?? "").split("\n").filter((directory) => directory !== "");

/** Of the trees, with commas between them. */
export const shippedDigests: string = String(shipped.map((directory) => directory.slice(-64)));

/** The tree of shipped code that has this package. */
export function shippedDirectory(name: string): string | undefined {
  const [, packageName] = /^((?:@[^/]+\/)?[^/]+)/.exec(name) ?? [];
  return packageName === undefined ? undefined : shipped.find((directory) => existsSync(`${directory}/node_modules/${packageName}`));
}
