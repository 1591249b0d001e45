/** The system's name of an error, such as `ENOENT`; undefined for errors that did not come from the system. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
