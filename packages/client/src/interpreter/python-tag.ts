/* A snippet of Python as a template: the values in it travel as data. */
import { program } from "@sremote/endpoint";
import { given, InvalidArgumentError } from "@sremote/protocol";
import type { Call } from "../call/call.ts";
import { ofCall } from "../call/check-options.ts";
import { extensionModules } from "../call/environment.ts";
import type { CallOptions, ReturnsObject } from "../call/options.ts";
import type { RemoteObject } from "../object/remote-object.ts";
import type { InterpreterHost } from "./interpreter.ts";
import { checkSnippet } from "./options.ts";

/** Options of a snippet that runs by itself: those of a call. */
export type PythonOptions = Omit<CallOptions, "runtime" | "kwargs">;

/** The tag of snippets of Python, and what gives one with options. */
export interface PythonTag {
  <T = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Call<T>;
  (options: PythonOptions & Pick<ReturnsObject, "returns">): PythonObjectTag;
  (options: PythonOptions): PythonTag;
}

/** With `returns: "object"`. */
export interface PythonObjectTag {
  <T = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Call<RemoteObject<T>>;
}

const knownOptions = ofCall.filter((name) => name !== "runtime" && name !== "kwargs");

export function pythonTag(host: InterpreterHost, options: PythonOptions = {}): PythonTag {
  function tag(first: TemplateStringsArray | PythonOptions, ...values: readonly unknown[]): Call | PythonTag {
    if (!isTemplate(first)) {
      checkSnippet("", first, knownOptions);
      return pythonTag(host, { ...options, ...first });
    }
    // As it is written: a `\n` in it is Python's. Only what JavaScript needs to be escaped is not.
    const [beginning = "", ...others] = first.raw.map((part) => part.replaceAll("\\`", "`").replaceAll("\\${", "${"));
    const source = others.reduce((whole, part, index) => `${whole}__${index}${part}`, beginning);
    const args = [program("snippet.py"), "evaluate", source, ...values];
    const check = (): void => checkSnippet(source, options, knownOptions);
    return host.call(extensionModules.python, "run", args, { ...options, runtime: "python" }, { what: "the snippet", check });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- overloads of one function
  return tag as PythonTag;
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  if (Array.isArray(value) && "raw" in value && Array.isArray(value.raw)) return true;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return false;
  throw new InvalidArgumentError("python", `a template, or a function of options${given(value, { secret: true })}`);
}
