/** For work that is not awaited and must not fail: its error ends the program with a stack, as an uncaught one does. */
export function crash(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
