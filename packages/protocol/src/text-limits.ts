/** Texts of errors, in characters, and their parts, in number. By themselves, since endpoints need no others and their size counts. */
export const textLimits = {
  message: 8192,
  lastLines: 4096,
  hint: 4096,
  failureItems: 100,
  failureMembers: 32,
} as const;
