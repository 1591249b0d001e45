import { textLimits } from "./text-limits.ts";

const otherLimits = {
  // Before a command
  handshake: 1_048_576,
  unsent: 4_194_304,
  /** Characters. */
  greeting: 2000,
  /** In number. */
  factors: 8,
  sshLog: 65_536,
  noise: 16_777_216,
  keptNoise: 8192,
  markerLine: 64,
  missing: 65_536,
  // Output of commands
  execStdout: 1_073_741_824,
  execStderr: 1_048_576,
  ownOutput: 1_048_576,
  answer: 65_536,
  unreadStdout: 65_536,
  unreadStderr: 18_874_368,
  leastStderr: 524_288,
  /** Characters. */
  line: 1_048_576,
  /** Characters or bytes. */
  queue: 1_048_576,
  /** Characters. */
  expectText: 1_048_576,
  // Sessions
  /** In number. */
  asks: 4096,
  askBytes: 8_388_608,
  /** Packets. */
  credits: 16_384,
  /** In number. */
  fruitlessLinks: 6,
  // Web services
  reply: 16_777_216,
  token: 262_144,
  refusal: 16_384,
  /** Bytes a second. */
  pace: 4096,
  /** In number. */
  redirects: 3,
  report: 16_777_216,
  kernelMessage: 16_777_216,
  // Transfers
  transferFrame: 33_554_432,
  transferAnswer: 268_435_456,
  unsized: 4_194_304,
  /** Characters. */
  path: 4096,
  /** Characters for each entry, on average. */
  pathText: 256,
} as const;

/**
 * What a host, or what is in between, may make this program hold and wait for beyond what its caller asked for. Whatever a host feeds has its limit
 * here, in whichever package it is met; docs/security.md, "A hostile host", says for each what it bounds and what happens beyond it. Bytes, unless it says otherwise.
 */
export const hostLimits: typeof textLimits & typeof otherLimits = { ...textLimits, ...otherLimits };
