/* The endpoint's programs as bytes, and the scripts that start them on a host. Made by `npm run build` into ../payload. */
import { readFileSync } from "node:fs";
import { SremoteError } from "@sremote/protocol";

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
export type ScriptName = "launch.sh" | "probe.sh" | "stage1.py" | "stage1.cjs";

/** The Python endpoint: a zip that `python3` runs, 3.6 or later. */
export const pythonPayload: Payload = payload("sremote-endpoint.pyz");
/** The Node endpoint: one ECMAScript module, Node 18 or later. */
export const nodePayload: Payload = payload("sremote-endpoint.mjs");

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

type ManifestEntry = Pick<Payload, "size" | "sha256" | "protocol">;
let manifest: Readonly<Record<string, ManifestEntry>> | undefined;

function payload(name: string): Payload {
  let bytes: Uint8Array | undefined;
  const entry = (): ManifestEntry => {
    if (manifest === undefined) {
      const read: Record<string, ManifestEntry> = JSON.parse(readPayload("manifest.json").toString("utf8"));
      manifest = read;
    }
    return manifest[name] ?? notBuilt(name);
  };
  return {
    name,
    get bytes() {
      bytes ??= readPayload(name);
      return bytes;
    },
    get sha256() {
      return entry().sha256;
    },
    get size() {
      return entry().size;
    },
    get protocol() {
      return entry().protocol;
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
