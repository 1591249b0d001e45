/* Runs programs that few calls need, and that come with those calls: they are no part of a payload (docs/decisions/090). As run/extension.py. */
import { Module } from "node:module";
import { encodeValue } from "@sremote/protocol";
import { asOurs } from "../host/standard.ts";
import { importerName } from "./stack.ts";

type Program = Record<string, (...args: unknown[]) => unknown>;
type CompiledProgram = NodeModule & { _compile(code: string, file: string): void; exports: Program };

/** Those that have come, by their text. */
const programs = new Map<string, Program>();
let tellLoaded = (): void => undefined;

/** @param told called when a program was loaded, as modules are */
export function onProgram(told: () => void): void {
  tellLoaded = told;
}

/** Why a value cannot travel; undefined where it can. What programs have as `this`. */
const tools = {
  problemOf(value: unknown): string | undefined {
    try {
      encodeValue(value, "value", []);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : "it cannot be read";
    }
  },
};

/** The module as `loadModule` gives it. */
export const extension: Record<string, unknown> = {
  /** What the function of that name in the program returns. */
  run(text: string, name: string, ...args: unknown[]): unknown {
    let program = programs.get(text);
    if (program === undefined) {
      program = asOurs(() => compile(text));
      programs.set(text, program);
      asOurs(tellLoaded);
    }
    return Reflect.apply(program[name]!, tools, args);
  },
};

function compile(text: string): Program {
  // The file does not exist. Its frames are ours in a traceback, by its name.
  const file = process.cwd() + importerName;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every module of Node has it; its types leave it out
  const module = new Module(file) as CompiledProgram;
  module.filename = file;
  // oxlint-disable-next-line no-underscore-dangle -- Node calls it so, and many tools rely on it
  module._compile(text, file);
  return module.exports;
}
