/* Options of interpreters and snippets, and what is wrong with them. */
import { given, InvalidArgumentError } from "@sremote/protocol";
import { checkOptions } from "../call/check-options.ts";
import type { CallOptions, Runtime } from "../call/options.ts";

export interface InterpreterOptions extends Pick<CallOptions, "runtime" | "env" | "cwd" | "loginEnv" | "timeout" | "signal"> {
  /**
   * Name of the interpreter in this client: who asks for the same name gets the same one, and it ends when all have disposed of it. Another client, or
   * another program, has others of its own.
   *
   * @default none: an interpreter of its own
   */
  name?: string | undefined;
}

/** Options of a snippet. */
export type SnippetOptions = Pick<
  CallOptions,
  "timeout" | "queueTimeout" | "idleTimeout" | "signal" | "outputLimit" | "stdout" | "stderr" | "naiveTimeZone"
>;

/** Options of reading and setting a variable. */
export type VariableOptions = Pick<CallOptions, "timeout" | "signal">;

const ofSnippets = ["timeout", "queueTimeout", "idleTimeout", "signal", "outputLimit", "stdout", "stderr", "naiveTimeZone"];
const ofInterpreters = ["runtime", "env", "cwd", "loginEnv", "timeout", "signal"];

/** @throws InvalidArgumentError */
export function checkSnippet(code: unknown, options: unknown, known: readonly string[] = ofSnippets): void {
  if (typeof code !== "string" || code.includes("\0") || !code.isWellFormed()) {
    throw new InvalidArgumentError("code", `a string without NUL${given(code, { secret: true })}`);
  }
  checkOptions(options, known);
}

const variables: Readonly<Record<Runtime, RegExp>> = {
  python: /^[\p{XID_Start}_]\p{XID_Continue}*$/u,
  node: /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u,
};

/** @throws InvalidArgumentError */
export function checkVariable(runtime: Runtime, name: unknown, options: unknown, others: readonly string[] = []): void {
  if (typeof name !== "string" || !variables[runtime].test(name)) {
    throw new InvalidArgumentError("name", `the name of a variable${given(name)}`);
  }
  checkOptions(options, ["timeout", "signal", ...others]);
}

/** @throws InvalidArgumentError */
export function checkInterpreter(options: InterpreterOptions): void {
  checkOptions(options, ["name", ...ofInterpreters]);
}
