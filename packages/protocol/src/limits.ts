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
  /** Trees of shipped code that one call may name. */
  codeTrees: 64,
  /** Estimated memory of the values of one header, see PROTOCOL.md, "Header". */
  headerMemory: 268_435_456,
  /** The same of JSON that is not of this protocol: replies of web services, messages of kernels. */
  foreignJsonMemory: 67_108_864,
};

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
  readonly codeTrees: number;
  readonly headerMemory: number;
  readonly foreignJsonMemory: number;
}
