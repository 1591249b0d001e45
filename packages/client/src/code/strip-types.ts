/* TypeScript without its types, line by line as it was; and whether JavaScript can be read. */
import * as nodeModule from "node:module";
import { SremoteError } from "@sremote/protocol";

type Strip = (code: string, options: { mode: "strip" }) => string;

// From Node 22.13 on; no other runtime has it.
const strip: Strip | undefined = (nodeModule as { stripTypeScriptTypes?: Strip }).stripTypeScriptTypes;
/** Of a relative import: what has no types is JavaScript, and named so. */
const relativeImport = /(\b(?:from|import)\s*\(?\s*)(["'])(\.{1,2}\/[^"'\n]*)\.([cm]?)ts\2/g;

/** @returns undefined where the file can be shipped as it is @throws SremoteError `code-invalid` with the line, `unsupported` */
export function stripTypes(path: string, content: Uint8Array, isTypeScript: boolean): Uint8Array | undefined {
  if (strip === undefined) {
    if (!isTypeScript) return undefined;
    throw new SremoteError("unsupported", `code cannot be shipped: ${path} is TypeScript, and this runtime cannot strip its types`, {
      stage: "request",
      hint: "run this program on Node 22.13 or later, or ship the compiled JavaScript",
    });
  }
  const source = Buffer.from(content.buffer, content.byteOffset, content.length).toString("utf8");
  // A line that begins with #! is JavaScript, and no TypeScript.
  const text = source.replace(/^#!/, "//");
  let stripped: string;
  try {
    stripped = withoutWarning(() => strip(text, { mode: "strip" }));
  } catch (error) {
    throw invalid(path, error);
  }
  if (!isTypeScript) return undefined;
  return Buffer.from(stripped.replaceAll(relativeImport, "$1$2$3.$4js$2"));
}

/** That it may change is no concern of the user's. */
function withoutWarning<T>(run: () => T): T {
  const before = Object.getOwnPropertyDescriptor(process, "emitWarning")!;
  Object.defineProperty(process, "emitWarning", { ...before, value: () => undefined });
  try {
    return run();
  } finally {
    Object.defineProperty(process, "emitWarning", before);
  }
}

function invalid(path: string, error: unknown): SremoteError {
  const { stack = "", message } = error as Error;
  // `:line`, then lines of the source with a mark, then an empty line.
  const [head = ""] = stack.split("\n", 1);
  const line = /:(\d+)$/.exec(head)?.[1] ?? "1";
  const hint = /not supported in strip-only mode/.test(message)
    ? "enums, namespaces and parameter properties need a compiler: ship what it makes"
    : undefined;
  return new SremoteError("code-invalid", `shipped code does not compile: ${path}:${line}: SyntaxError: ${message}`, {
    stage: "request",
    hint,
    cause: error,
  });
}
