/* Here, so that it is as deep below the package as the bundle that it becomes a part of. */

/** A file of this package. @param path from its root, such as `python/transfer_tree.py` */
export function packageFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

/** Whether the sources run as they are written. */
export const runsFromSource: boolean = import.meta.url.endsWith(".ts");
