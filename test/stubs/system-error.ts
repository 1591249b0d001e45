/** What a tool on the host would have said of a failure of the file system. */
export function systemError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known: Record<string, string> = {
    ENOENT: "No such file or directory",
    EEXIST: "File exists",
    EACCES: "Permission denied",
    ENOSPC: "No space left on device",
    EISDIR: "Is a directory",
  };
  return known[code] ?? "unknown error";
}
