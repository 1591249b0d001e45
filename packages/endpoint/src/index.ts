/* The endpoint's programs as bytes, and the scripts that start them on a host. Made by `npm run build` into ../payload. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { protocolVersion, SremoteError } from "@sremote/protocol";

export interface Payload {
  /** File name in the package, such as `sremote-endpoint.pyz`. */
  readonly name: string;
  /** Read when first asked for. */
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
/** What serves a session in Node: a program, deflated, that stage-session.cjs runs from memory. */
export const nodeSessionPayload: Payload = payload("sremote-session.js.deflate");

/** The text of a script. */
export function script(name: ScriptName): string {
  let text = scripts.get(name);
  if (text === undefined) {
    text = readPayload(name).toString("utf8");
    scripts.set(name, text);
  }
  return text;
}

const scripts = new Map<ScriptName, string>();

/** Everything is told of the bytes that were read, once: a build may put another payload in place while a program runs. */
function payload(name: string): Payload {
  let bytes: Uint8Array | undefined;
  let sha256: string | undefined;
  const read = (): Uint8Array => (bytes ??= readPayload(name));
  return {
    name,
    protocol: protocolVersion,
    get bytes() {
      return read();
    },
    get sha256() {
      return (sha256 ??= createHash("sha256").update(read()).digest("hex"));
    },
    get size() {
      return read().length;
    },
  };
}

function readPayload(name: string): Buffer {
  try {
    return readFileSync(new URL(`../payload/${name}`, import.meta.url));
  } catch (error) {
    return notBuilt(name, error);
  }
}

function notBuilt(name: string, cause?: unknown): never {
  throw new SremoteError("endpoint-broken", `the endpoint's ${name} was not built`, {
    stage: "deploy",
    hint: "run `npm run build`",
    cause,
  });
}
