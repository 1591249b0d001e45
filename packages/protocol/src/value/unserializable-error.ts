import type { Code } from "../code.ts";
import { SremoteError, type SremoteErrorOptions } from "../error.ts";

export interface UnserializableErrorOptions extends SremoteErrorOptions {
  /** Code of the error. @default `unserializable-argument` */
  code?: Code | undefined;
}

/** A value that cannot travel. `path` says where it stands, written from the root the user knows: `args[0].items[3].handler`. */
export class UnserializableError extends SremoteError {
  override get name(): string {
    return "UnserializableError";
  }
  readonly path: string;

  constructor(path: string, reason: string, options: UnserializableErrorOptions = {}) {
    super(options?.code ?? "unserializable-argument", `${path}: ${reason}`, options);
    this.path = path;
  }
}
