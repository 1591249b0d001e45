import type { TracebackFrame } from "@sremote/protocol";
import { loadChildProcess } from "../host/lazy.ts";
import { isPath, resolvePath } from "./resolve.ts";
import { syntaxErrorFrame } from "./stack.ts";

/** How long Node may take to read one file, in milliseconds. */
const deadline = 10_000;

/**
 * Where the syntax error in an ECMAScript module stands: the error itself does not say, but Node prints it. The module is read, not run.
 * Undefined when the error is in a module that this one imports.
 */
export function findSyntaxError(module: string): TracebackFrame | undefined {
  const file = isPath(module) && !module.startsWith("file:") ? resolvePath(module) : undefined;
  if (file === undefined) return undefined;
  const { stderr } = loadChildProcess().spawnSync(process.execPath, ["--check", file], { encoding: "utf8", timeout: deadline });
  return syntaxErrorFrame(stderr);
}
