/** For what nobody waits for and must not fail: its error ends the program with a stack, as one that nothing catches. */
export function crash(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
