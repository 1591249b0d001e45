/* Vectors as README.md describes them: reading them, and checking one against a codec. */
import { readdirSync, readFileSync } from "node:fs";
import type { SessionMessage } from "@sremote/protocol";

export type Part = { hex: string } | { text: string } | { repeat: string; count: number };
export type Notation = null | boolean | string | number | Notation[] | TaggedNotation;
export type TaggedNotation = { $: string } & Record<string, unknown>;

interface Common {
  name: string;
  verdict: "accept" | "reject";
  code?: string;
  value?: unknown;
  canonical?: string[];
  heavy?: boolean;
  maxBody?: number;
  /** Who sends it, where only that side may. */
  sender?: "client" | "host";
  /** Each of these bits of the wire is flipped in turn, from the first to before the second. */
  flip?: [number, number];
  /** Known from what there is, without waiting for more. */
  prompt?: boolean;
}
interface Message {
  json: Part[];
  attachments: Part[][];
}
export type Vector = Common &
  (
    | { kind: "frame"; wire: Part[] }
    | { kind: "packets"; wire: Part[] }
    | { kind: "route"; wire: Part[] }
    | { kind: "value" | "message"; wire: Message }
    | { kind: "session-message"; type: SessionMessage["type"]; wire: Message }
  );

/** All vectors, as they are for the given runtime. */
export function readVectors(runtime: "typescript" | "python" = "typescript"): Vector[] {
  const directory = new URL("vectors/", import.meta.url);
  const files = readdirSync(directory).filter((file) => file.endsWith(".json"));
  return files.toSorted().flatMap((file) => {
    const vectors = JSON.parse(readFileSync(new URL(file, directory), "utf8")) as (Vector & Record<string, Partial<Vector>>)[];
    return vectors.map((vector) => Object.assign(vector, vector[runtime]));
  });
}

/** The bytes that a list of parts stands for. */
export function expand(parts: readonly Part[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if ("hex" in part) return Buffer.from(part.hex, "hex");
      if ("text" in part) return Buffer.from(part.text, "utf8");
      const unit = Buffer.from(part.repeat, "hex");
      return unit.length === 1 ? Buffer.alloc(part.count, unit) : Buffer.alloc(unit.length * part.count, unit);
    }),
  );
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
