/* Functions of the client's program that come with their calls, as text: client.fn(). This program comes along: run/extension.ts. */
import { Module } from "node:module";

type Callable = (...args: unknown[]) => unknown;
type CompiledModule = NodeModule & { _compile(code: string, file: string): void; exports: Callable };

/** So many functions stay compiled, the latest ones. */
const most = 100;
const known = new Map<string, Callable>();

/** Calls the function of that text. It finds modules as one in the working directory does, by `require` and `import()`. */
export function call(text: string, ...args: unknown[]): unknown {
  const key = `${process.cwd()}\n${text}`;
  let made = known.get(key);
  if (made === undefined) {
    made = compile(text);
    known.set(key, made);
    if (known.size > most) known.delete(known.keys().next().value!);
  }
  return made(...args);
}

function compile(text: string): Callable {
  // The file does not exist. The client knows its lines, by its name.
  const file = `${process.cwd().replace(/\/$/, "")}/sremote-function.cjs`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every module of Node has it; its types leave it out
  const module = new Module(file) as CompiledModule;
  module.filename = file;
  // oxlint-disable-next-line no-underscore-dangle -- Node calls it so, and many tools rely on it
  module.paths = (Module as unknown as { _nodeModulePaths(from: string): string[] })._nodeModulePaths(process.cwd());
  // oxlint-disable-next-line no-underscore-dangle -- as above
  module._compile(`module.exports = (${text}\n)`, file);
  return module.exports;
}
