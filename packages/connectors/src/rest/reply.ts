/* What a service answered. */
import { ProtocolError } from "@sremote/protocol";

export class Reply {
  readonly status: number;
  readonly #headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly #bytes: Uint8Array;

  constructor(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, bytes: Uint8Array) {
    this.status = status;
    this.#headers = headers;
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The first header of that name, in lower case. */
  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  /** All headers of that name, such as `set-cookie`. */
  headers(name: string): readonly string[] {
    const value = this.#headers[name];
    return value === undefined ? [] : typeof value === "string" ? [value] : value;
  }

  get text(): string {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length).toString("utf8");
  }

  /** The body if it is a JSON object; undefined for anything else. */
  get object(): Readonly<Record<string, unknown>> | undefined {
    if (!this.text.trimStart().startsWith("{")) return undefined;
    try {
      return JSON.parse(this.text) as Record<string, unknown>;
    } catch {
      return undefined; // Not JSON: the answer, no failure.
    }
  }

  /** The body as a JSON object. @throws ProtocolError when it is none */
  json(): Readonly<Record<string, unknown>> {
    const found = this.object;
    if (found === undefined) throw new ProtocolError("protocol-error", "the server's reply is not a JSON object");
    return found;
  }
}
