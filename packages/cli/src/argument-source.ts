/* Where the value of an argument comes from: what is written, a file, or standard input. */
import { createReadStream } from "node:fs";
import { InvalidArgumentError, limits } from "@sremote/protocol";
import { parseArgument, parseKeywords } from "./call-arguments.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * Reads the arguments of one command. `@FILE` stands for the contents of a file on this machine, `-` for standard input, `@@…` for a text that
 * begins with `@`; with `literally` each stands for itself. Contents are JSON where they are valid JSON, else text, and bytes where they are not UTF-8.
 */
export class ArgumentSource {
  readonly #literally: boolean;
  readonly #input: NodeJS.ReadableStream;
  #inputUsedBy: string | undefined;

  constructor(literally: boolean, input: NodeJS.ReadableStream = process.stdin) {
    this.#literally = literally;
    this.#input = input;
  }

  /** @param name for errors: `argument 2`. @throws InvalidArgumentError for a file that cannot be read, and where standard input is named twice */
  async value(text: string, name: string): Promise<unknown> {
    if (this.#literally) return text;
    if (text.startsWith("@@")) return text.slice(1);
    if (text !== "-" && !text.startsWith("@")) return parseArgument(text, name);
    const bytes = await this.#read(text, name);
    const decoded = decode(bytes);
    return decoded === undefined ? bytes : parseArgument(decoded, name);
  }

  /** What `@FILE` or `-` holds; undefined where that is not UTF-8. @throws InvalidArgumentError as {@link value} */
  async text(written: string, name: string): Promise<string | undefined> {
    return decode(await this.#read(written, name));
  }

  async #read(written: string, name: string): Promise<Uint8Array> {
    if (written !== "-") return readNamed(written.slice(1), name);
    if (this.#inputUsedBy !== undefined) throw new InvalidArgumentError(`${name}: standard input is already ${this.#inputUsedBy}`);
    this.#inputUsedBy = name;
    return readAll(this.#input, name, "standard input");
  }
}

async function readNamed(path: string, name: string): Promise<Uint8Array> {
  if (path === "") throw new InvalidArgumentError(`${name}: a file must follow @; write @@ for a text that begins with @`);
  return readAll(createReadStream(path), name, `the file ${path}`);
}

async function readAll(input: NodeJS.ReadableStream, name: string, source: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of input) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > limits.body)
        throw new InvalidArgumentError(`${name}: ${source} has more than ${limits.body} bytes, which no call can carry`);
      chunks.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof InvalidArgumentError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const hint = code === "ENOENT" ? "write @@ for a text that begins with @" : undefined;
    throw new InvalidArgumentError(`${name}: ${source} cannot be read (${code ?? String(cause)})`, undefined, { hint, cause });
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The arguments in their order, and `NAME=VALUE` of `--kw`. @throws InvalidArgumentError without a name, or for a name given twice */
export async function readArguments(
  source: ArgumentSource,
  args: readonly string[],
  pairs: readonly string[],
): Promise<{ args: unknown[]; kwargs: Record<string, unknown> | undefined }> {
  const keywords = parseKeywords(pairs);
  const values: unknown[] = [];
  for (const [index, text] of args.entries()) values.push(await source.value(text, `argument ${index + 1}`));
  const kwargs: [string, unknown][] = [];
  for (const [name, text] of keywords) kwargs.push([name, await source.value(text, `--kw ${name}`)]);
  return { args: values, kwargs: kwargs.length === 0 ? undefined : Object.fromEntries(kwargs) };
}
