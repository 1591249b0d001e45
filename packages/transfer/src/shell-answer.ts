/* What scripts on a host print, and what of its tools' messages has a name. */
import { ProtocolError } from "@sremote/protocol";
import { fromBytes } from "@sremote/connectors";

/** Messages of POSIX tools in the C locale; dash and busybox shorten some. The first that fits counts. */
const messages: readonly (readonly [RegExp, errno: string, message: string])[] = [
  [/no space left/i, "ENOSPC", "No space left on device"],
  [/quota exceeded/i, "EDQUOT", "Disk quota exceeded"],
  [/what arrived is not/, "EDIGEST", "what arrived is not what was sent"],
  [/the unfinished file is another/, "EDIGEST", "the unfinished file is another"],
  [/the file changed/, "ECHANGED", "the file changed while it was read"],
  [/read-only file ?system/i, "EROFS", "Read-only file system"],
  [/permission denied/i, "EACCES", "Permission denied"],
  [/not permitted/i, "EPERM", "Operation not permitted"],
  [/name too long/i, "ENAMETOOLONG", "File name too long"],
  [/file exists/i, "EEXIST", "File exists"],
  [/not a directory/i, "ENOTDIR", "Not a directory"],
  [/directory not empty/i, "ENOTEMPTY", "Directory not empty"],
  [/is a directory|overwrite directory/i, "EISDIR", "Is a directory"],
  [/no such file|nonexistent/i, "ENOENT", "No such file or directory"],
  [/not a regular file/, "EINVAL", "not a regular file"],
];

/** The system's name for what a tool said, and a text. Names of files in it are left out: they may be anything. */
export function describeMessage(said: string): [errno: string, message: string] {
  const last = said.slice(said.lastIndexOf(": ") + 1);
  for (const text of [last, said]) {
    for (const [pattern, errno, message] of messages) if (pattern.test(text)) return [errno, message];
  }
  return ["EIO", last.trim().slice(0, 300)];
}

/** Fields that end with NUL, and content between them. */
export class AnswerReader {
  readonly #bytes: Buffer;
  readonly #host: string;
  #at = 0;

  constructor(bytes: Buffer, host: string) {
    this.#bytes = bytes;
    this.#host = host;
  }

  field(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw this.lie("it ends within a field");
    const field = fromBytes(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return field;
  }

  content(length: number): Buffer {
    if (!(length >= 0 && this.#at + length <= this.#bytes.length)) throw this.lie("it ends within a file");
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  lie(what: string): ProtocolError {
    return new ProtocolError("protocol-error", `the host's answer is not one: ${what}`, { stage: "transfer", host: this.#host });
  }
}
