/* Error texts of Python sources. */
import { codes, type Code } from "../../packages/protocol/src/index.ts";
import type { ErrorText } from "./typescript-texts.ts";

const string = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`;
const strings = String.raw`(?:${string})(?:\s+(?:${string}))*`;
const withCode = new RegExp(String.raw`Refusal\(\s*"([a-z-]+)",\s*(${strings})`, "g");
const inFailure = new RegExp(String.raw`"code":\s*"([a-z-]+)"[^}]*?"message":\s*(${strings})`, "g");
/** Functions and exceptions whose error has one code. */
const ofOneCode: Readonly<Record<string, Code>> = {
  protocol_error: "protocol-error",
  limit_exceeded: "limit-exceeded",
  InstallFailed: "install-failed",
};
/** What cannot travel: the second argument of the exception, or the first of the encoder's own function. */
const unserializable = new RegExp(String.raw`(?:\bUnserializable\([^\n]*?, |\bself\.fail\()(${strings})`, "g");
const withName = new RegExp(String.raw`\b(${Object.keys(ofOneCode).join("|")})\((${strings})`, "g");

const plain = new RegExp(String.raw`raise (?:ValueError|TypeError|RuntimeError|OSError)\((?:errno\.\w+, )?(${strings})`, "g");
const hint = new RegExp(String.raw`(?:\bhint ?= ?|"hint": ?|_HINT = )(${strings})`, "g");

/** Every hint of a source. */
export function pythonHints(source: string): string[] {
  return [...source.matchAll(hint)].map(([, text]) => textOf(text!)).filter((text) => / .* /.test(text));
}

export function pythonTexts(source: string): ErrorText[] {
  const found: { code: string | undefined; text: string }[] = [
    ...[...source.matchAll(withCode), ...source.matchAll(inFailure)].map(([, code, text]) => ({ code: code!, text: textOf(text!) })),
    ...[...source.matchAll(withName)].map(([, name, text]) => ({ code: ofOneCode[name!]!, text: textOf(text!) })),
    ...[...source.matchAll(plain)].map(([, text]) => ({ code: undefined, text: textOf(text!) })),
    ...[...source.matchAll(unserializable)].map(([, text]) => ({ code: "unserializable-result", text: `{path}: ${textOf(text!)}` })),
  ];
  return found.filter((each): each is ErrorText => (each.code === undefined || Object.hasOwn(codes, each.code)) && each.text.includes(" "));
}

/** Literals beside each other are one; what is filled in has no name in Python. The first line is the message. */
function textOf(literals: string): string {
  const pieces = [...literals.matchAll(new RegExp(string, "g"))].map(([piece]) => piece.slice(1, -1));
  return pieces
    .join("")
    .split(String.raw`\n`)[0]!
    .replaceAll(/\\(.)/g, "$1")
    .replaceAll(/%[sdr]/g, "{…}");
}
