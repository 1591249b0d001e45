/* Bodies of requests: body and content type, to be spread into a request. */
import { checkObject, checkString, given, InvalidArgumentError } from "@sremote/protocol";
import { randomBytes } from "node:crypto";
import { joined, ofBytes } from "./content.ts";
import type { Content } from "./content.ts";

export interface Encoded {
  readonly body: string | Content;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A body of form fields, and its header.
 *
 * @example
 * ```ts
 * import { form } from "sremote/rest";
 *
 * const { body, headers } = form({ username: "me", password: "secret" });
 * ```
 */
export function form(fields: Readonly<Record<string, string>>): Encoded {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields))
    throw new InvalidArgumentError("fields", `an object${given(fields)}`);
  return { body: new URLSearchParams(fields).toString(), headers: { "content-type": "application/x-www-form-urlencoded" } };
}

/**
 * A body of JSON, and its header.
 *
 * @example
 * ```ts
 * import { json } from "sremote/rest";
 *
 * const { body, headers } = json({ command: "true" });
 * ```
 */
export function json(value: unknown): Encoded {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}

/**
 * One file as `multipart/form-data` (RFC 7578), streamed. Field and file name are words without quotes.
 *
 * @example
 * ```ts
 * import { type Content, multipart } from "sremote/rest";
 *
 * const upload = (content: Content) => multipart("file", "data.bin", content);
 * ```
 */
export function multipart(field: string, filename: string, content: Content): Encoded {
  checkString(field, "field");
  checkString(filename, "filename");
  checkObject(content, "content", "{size, chunks()}");
  if (!("chunks" in content)) throw new InvalidArgumentError("content", "{size, chunks()}");
  const boundary = `sremote-${randomBytes(16).toString("hex")}`;
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="${filename}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  const text = (part: string): Content => ofBytes(Buffer.from(part));
  return {
    body: joined(text(head), content, text(`\r\n--${boundary}--\r\n`)),
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  };
}

/** A path for a URL, each part percent-encoded, slashes kept. */
export function pathOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
