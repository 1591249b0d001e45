/** Directories whose `node_modules` (and those above) are searched for packages, in this order. */
export function searchDirectories(base: string): string[] {
  return [process.cwd(), `${base}/node`];
}
