/* A handler of the program's own that threw where it is not awaited. */

/**
 * Tells of it as Node tells of what goes wrong beside a program's course: by a `warning` of the process, which is printed unless the program listens. What goes on is
 * neither ended nor changed by it.
 */
export function warnOfHandler(event: string, error: unknown): void {
  const said = error instanceof Error ? error.message : String(error);
  const detail = error instanceof Error ? error.stack : undefined;
  process.emitWarning(`a handler of "${event}" threw: ${said}`, { type: "SremoteWarning", ...(detail === undefined ? {} : { detail }) });
}
