/* What a snippet shows: parts with media types, as the host sends them. */
import { ProtocolError } from "@sremote/protocol";
import { isPlainObject } from "../call/check-values.ts";

/** What all parts have. */
export interface PartBase {
  /** Parts of one value have the same number: the same thing as HTML, as an image, as text. Counted from 0 in each snippet. */
  readonly display: number;
}

/** A bitmap: PNG or JPEG. */
export interface ImagePart extends PartBase {
  readonly type: "image/png" | "image/jpeg";
  readonly data: Uint8Array;
}

/** Text of some kind. What HTML and SVG of a host may do in a browser is for the program to restrict: show them in a sandbox. */
export interface TextPart extends PartBase {
  readonly type: "text/plain" | "text/html" | "text/markdown" | "text/latex" | "image/svg+xml";
  readonly data: string;
  /** Only the beginning is there. */
  readonly truncated?: true;
}

export interface JsonPart extends PartBase {
  readonly type: "application/json";
  readonly data: unknown;
}

/** A type that the value names itself, such as `application/vnd.plotly.v1+json`. Text, bytes, or data for types that end in `+json`. */
export interface OtherPart extends PartBase {
  readonly type: `application/${string}`;
  readonly data: unknown;
}

/** One form of something that a snippet shows: its value, a figure, what it gave to `display`. */
export type Part = ImagePart | TextPart | JsonPart | OtherPart;

/** A part that could not be made or sent. */
export interface OmittedPart extends PartBase {
  readonly type: string;
  /** Such as `_repr_html_ raised ValueError: …`. */
  readonly reason: string;
}

/** What a snippet has shown. */
export interface Shown {
  readonly parts: readonly Part[];
  readonly omitted: readonly OmittedPart[];
}

/** What the host says of a snippet that has run. */
export interface Ran extends Shown {
  readonly value: unknown;
  /** Why the value is not there, although the snippet has one. */
  readonly problem: string | undefined;
  readonly text: string;
}

const nothing: Ran = { parts: [], omitted: [], value: undefined, problem: undefined, text: "" };

/** @throws ProtocolError for what no host of ours says */
export function readRan(told: unknown): Ran {
  if (told === null || told === undefined) return nothing;
  if (!isPlainObject(told)) throw broken("the answer to a snippet is no object");
  const { parts, omitted } = readShown(told);
  const { result } = told;
  if (result === undefined) return { ...nothing, parts, omitted };
  const { value, problem } = readAttempt(result);
  const text = parts.findLast(({ type }) => type === "text/plain")?.data;
  return { parts, omitted, value, problem, text: typeof text === "string" ? text : "" };
}

/** @throws ProtocolError */
export function readShown(told: unknown): Shown {
  if (told === null || told === undefined) return nothing;
  if (!isPlainObject(told) || !Array.isArray(told["parts"]) || !Array.isArray(told["omitted"])) throw broken("no lists of parts");
  const omitted = told["omitted"].map((each) => readOmitted(each));
  const parts: Part[] = [];
  for (const each of told["parts"] as unknown[]) {
    const part = readPart(each);
    if ("reason" in part) omitted.push(part);
    else parts.push(part);
  }
  return { parts, omitted };
}

function readOmitted(told: unknown): OmittedPart {
  if (!isPlainObject(told)) throw broken("an omitted part is no object");
  const { type, reason, display } = told;
  if (typeof type !== "string" || typeof reason !== "string" || typeof display !== "number") throw broken("an omitted part lacks a member");
  return { type, reason, display };
}

function readPart(told: unknown): Part | OmittedPart {
  if (!isPlainObject(told)) throw broken("a part is no object");
  const { type, display, truncated } = told;
  let { data } = told;
  if (typeof type !== "string" || typeof display !== "number") throw broken("a part lacks a member");
  if (type === "application/json" || type.endsWith("+json")) {
    // Text that claims to be JSON is passed on as it is.
    const { value, problem } =
      typeof data === "string" || data instanceof Uint8Array ? { value: data, problem: undefined } : readAttempt(data);
    if (problem !== undefined) return { type, reason: problem, display };
    data = value;
  } else {
    const isRight =
      type === "image/png" || type === "image/jpeg" ? data instanceof Uint8Array : typeof data === "string" || !ofText.has(type);
    if (!isRight) return { type, reason: "it is not what its type says", display };
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its type and data fit, as was looked at
  return { type, data, display, ...(truncated === true ? { truncated } : {}) } as Part;
}

const ofText: ReadonlySet<string> = new Set(["text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml"]);

/** A value that may not have been able to travel. */
function readAttempt(told: unknown): { value: unknown; problem: string | undefined } {
  if (!isPlainObject(told)) throw broken("a value is no object");
  const { value, problem } = told;
  return { value, problem: typeof problem === "string" ? problem : undefined };
}

function broken(what: string): ProtocolError {
  return new ProtocolError("protocol-error", `the host's interpreter answered something else than was asked: ${what}`, { stage: "result" });
}
