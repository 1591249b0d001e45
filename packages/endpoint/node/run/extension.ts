/* Runs programs that few calls need, and that come with those calls: they are no part of a payload. Module `sremote:extension`. */
import { createRequire } from "node:module";
import { program } from "../program.ts";

type Program = Record<string, (...args: unknown[]) => unknown>;

/** Those that have come, by their text: CommonJS. */
const programs = new Map<string, Program>();

function run(text: string, name: string, ...args: unknown[]): unknown {
  let exported = programs.get(text);
  if (exported === undefined) {
    exported = {};
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the client's own program; calls run the client's code anyway
    new Function("exports", "require", text)(exported, createRequire(program));
    programs.set(text, exported);
  }
  return exported[name]!(...args);
}

/** The module as `loadModule` gives it. */
export const extension: Record<string, unknown> = { run };
