/* Paths of a host, seen from the working directory that `cd` has set. */

/** @param directory undefined: where commands begin, most often the home directory */
export function remotePath(directory: string | undefined, path: string): string {
  // One with an unknown form of `~`, or none at all, is refused where it is checked, as it was written.
  if (directory === undefined || path === "" || /^[/~]/.test(path)) return path;
  // Nothing is left out for `..`: what it leads to, the host knows, where links are.
  return directory.endsWith("/") ? directory + path : `${directory}/${path}`;
}
