/* The endpoint's programs as bytes, and the scripts that start them on a host. */
import { protocolVersion } from "@sremote/protocol";
import { embedded } from "./embedded.ts";
import { programs } from "./generated/programs.ts";
import { nodeWords, pythonWords } from "./interpreters.ts";

export { embedded, type Embedded } from "./embedded.ts";
export { nodeWords, pythonWords } from "./interpreters.ts";

export interface Payload {
  /** File name in the package, such as `sremote-endpoint.pyz`. */
  readonly name: string;
  /** Decoded and checked against `sha256` when first asked for. */
  readonly bytes: Uint8Array;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
  /** Version of the wire that it speaks. */
  readonly protocol: number;
}

/** What the client sends to `sh` or to an interpreter; see the head of each file for its arguments. */
export type ScriptName =
  | "launch.sh"
  | "probe.sh"
  | "stage1.py"
  | "stage1.cjs"
  | "stage-session.py"
  | "stage-session.cjs"
  | "attach.py"
  | "attach.cjs";

/** The Python endpoint: a zip that `python3` runs, 3.6 or later. */
export const pythonPayload: Payload = payload("sremote-endpoint.pyz");
/** The Node endpoint: one ECMAScript module, Node 18 or later. */
export const nodePayload: Payload = payload("sremote-endpoint.mjs");

/** What serves a session in Python, never installed: it travels with the session's start. */
export const pythonSessionPayload: Payload = payload("sremote-session.py.deflate");
/** What serves a session in Node: a program, compressed with Brotli, that stage-session.cjs runs from memory. */
export const nodeSessionPayload: Payload = payload("sremote-session.js.br");

/** The text of a script. @throws SremoteError `endpoint-broken` where it is not what was built */
export function script(name: ScriptName): string {
  let text = scripts.get(name);
  if (text === undefined) {
    text = embedded(programs, name).toString("utf8").replaceAll("@pythons@", pythonWords).replaceAll("@nodes@", nodeWords);
    scripts.set(name, text);
  }
  return text;
}

const scripts = new Map<string, string>();

/** A program that comes with the calls that need it: their first argument (run/extension.py). */
export type ProgramName = "snippet.py" | "interpreter.py" | "interpreter.cjs" | "script.py" | "ship.py" | "ship.cjs" | "function.cjs";

/** The text of such a program. @throws SremoteError `endpoint-broken` where it is not what was built */
export function program(name: ProgramName): string {
  const text = scripts.get(name) ?? embedded(programs, name).toString("utf8");
  scripts.set(name, text);
  return text;
}

function payload(name: string): Payload {
  let bytes: Uint8Array | undefined;
  const { sha256 } = programs[name]!;
  const read = (): Uint8Array => (bytes ??= embedded(programs, name));
  return {
    name,
    sha256,
    protocol: protocolVersion,
    get bytes() {
      return read();
    },
    get size() {
      return read().length;
    },
  };
}
