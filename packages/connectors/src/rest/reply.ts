/* What a service answered. */
import { parseForeignJson, ProtocolError, checkString, checkObject, given, InvalidArgumentError } from "@sremote/protocol";

export class HttpReply {
  readonly status: number;
  readonly #headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly #bytes: Uint8Array;

  constructor(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, bytes: Uint8Array) {
    if (typeof status !== "number") throw new InvalidArgumentError("status", `a number${given(status)}`);
    checkObject(headers, "headers");
    if (!(bytes instanceof Uint8Array)) throw new InvalidArgumentError("bytes", `a Uint8Array${given(bytes)}`);
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
    checkString(name, "name");
    const value = this.#headers[name];
    return value === undefined ? [] : typeof value === "string" ? [value] : value;
  }

  get text(): string {
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length).toString("utf8");
  }

  /** The body as JSON of any kind. @throws ProtocolError when it is none, or `limit-exceeded` when its values would take too much memory */
  get value(): unknown {
    return parseForeignJson(this.#bytes, "the server's reply");
  }

  /** The body if it is a JSON object; undefined for anything else. @throws ProtocolError `limit-exceeded` */
  get object(): Readonly<Record<string, unknown>> | undefined {
    if (this.#firstByte() !== 0x7b) return undefined;
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a text that begins with a brace is an object, if it is JSON
      return this.value as Record<string, unknown>;
    } catch (error) {
      if (error instanceof ProtocolError && error.code === "limit-exceeded") throw error;
      return undefined; // Not JSON: the answer, no failure.
    }
  }

  /** The body as a JSON object. @throws ProtocolError when it is none */
  json(): Readonly<Record<string, unknown>> {
    const found = this.object;
    if (found === undefined) throw new ProtocolError("protocol-error", "the server's reply is not a JSON object");
    return found;
  }

  /** The first byte that is no white space. */
  #firstByte(): number | undefined {
    return this.#bytes.find((byte) => byte > 0x20);
  }
}
