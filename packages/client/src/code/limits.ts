/* Limits of a tree of shipped code: PROTOCOL.md, "Limits". A look at a tree blocks the program, and a tree is kept in memory. */

/** In number. */
export const codeFiles = 10_000;
/** Of all files together. */
export const codeBytes = 67_108_864;
/** Directories in each other. */
export const codeDepth = 64;
