/* Programs that are part of the code, as `scripts/embed-programs.ts` writes them. */
import { createHash } from "node:crypto";
import { SremoteError } from "@sremote/protocol";

/** Programs by name, each with the digest it had when it was built. */
export type Embedded = Readonly<Record<string, { readonly sha256: string; readonly base64: string }>>;

/**
 * The bytes of a program. What runs on a host must be what was built, whatever a bundler, a minifier or a disk made of the code.
 *
 * @throws SremoteError `endpoint-broken` where its SHA-256 is another, before anything of it leaves
 */
export function embedded(programs: Embedded, name: string): Buffer {
  const program = programs[name];
  const bytes = Buffer.from(program?.base64 ?? "", "base64");
  if (program !== undefined && createHash("sha256").update(bytes).digest("hex") === program.sha256) return bytes;
  const problem = program === undefined ? "is missing" : "was changed after it was built";
  throw new SremoteError("endpoint-broken", `the program ${name}, which would run on the host, ${problem}; nothing was sent`, {
    stage: "deploy",
    hint: "install sremote again, and look at what your bundler does to strings",
  });
}
