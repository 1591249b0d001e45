/** Limits of the wire, as stated in PROTOCOL.md. Sizes in bytes. */
export const limits: Limits = {
  header: 67_108_864,
  body: 1_073_741_824,
  attachments: 4096,
  /** Nesting of the header's JSON. */
  headerDepth: 264,
  /** Nesting of one value's JSON. */
  valueDepth: 256,
  numberText: 64,
  bigintDigits: 4300,
  dimensions: 32,
  /** How deep causes, contexts and group members of a failure may lie in each other. */
  failureDepth: 64,
  /** Characters of one text of a failure, and of all its texts together; more is cut. */
  failurePart: 65_536,
  failureText: 1_048_576,
  /** stdout and stderr together that travel inside a reply. */
  inlineOutput: 8_388_608,
  /** Default for what is kept of each of stdout and stderr. */
  output: 67_108_864,
  /** Estimated memory of the values of one header, see PROTOCOL.md, "Header". */
  headerMemory: 268_435_456,
  /** The same of JSON that is not of this protocol: replies of web services, messages of kernels. */
  foreignJsonMemory: 67_108_864,
};

/**
 * What a host, or what is in between, may make this program hold and wait for beyond what its caller asked for: docs/security.md, "A hostile host". Sizes in
 * bytes.
 */
export const hostLimits = {
  /** Over SSH, until the host has let us in: banners and keys. */
  handshake: 1_048_576,
  /** Answers to a host over SSH, and what it is sent, that it does not read. */
  unsent: 67_108_864,
  /** Output of login files before our marker, in all; of it, the last 64 KiB at most are kept. */
  noise: 16_777_216,
  /** The line of our marker, which holds a number. */
  markerLine: 64,
  /** What the first stage says in place of packets. */
  missing: 65_536,
  /** Callbacks of one call that were asked for and whose answers the host has not taken. */
  asks: 65_536,
  /** Their frames together, beyond the first. */
  askBytes: 16_777_216,
  /** Credit that is given without a sign that the host takes it, in packets. */
  credits: 16_384,
} as const;

export interface Limits {
  readonly header: number;
  readonly body: number;
  readonly attachments: number;
  readonly headerDepth: number;
  readonly valueDepth: number;
  readonly numberText: number;
  readonly bigintDigits: number;
  readonly dimensions: number;
  readonly failureDepth: number;
  readonly failurePart: number;
  readonly failureText: number;
  readonly inlineOutput: number;
  readonly output: number;
  readonly headerMemory: number;
  readonly foreignJsonMemory: number;
}
