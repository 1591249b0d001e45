/* docs/errors.md has every error text of the product, and every code has a cause, a cure, and a place where it is thrown. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codes, type Code } from "../../packages/protocol/src/index.ts";
import { collectTexts } from "./collect.ts";
import { explanations } from "./cures.ts";
import { pythonTexts } from "./python-texts.ts";
import { page, renderErrors } from "./render.ts";
import { shellTexts } from "./shell-texts.ts";
import { typescriptTexts } from "./typescript-texts.ts";

const all = Object.keys(codes) as Code[];

test("docs/errors.md is up to date: `npm run errors` writes it", () => {
  expect(readFileSync(page, "utf8")).toBe(renderErrors());
});

test.each(all)("%s has a cause and a cure, sentences that end", (code) => {
  for (const text of [explanations[code].cause, explanations[code].cure]) expect(text).toMatch(/^\S.*[.?]$/);
});

test("each code is thrown somewhere, with a text", () => {
  const texts = collectTexts();
  expect(all.filter((code) => texts.get(code)!.length === 0)).toEqual([]);
  // A text that is written down by hand stands for one that the host makes, and no source may have it.
  const byHand = all.filter(
    (code) => explanations[code].texts !== undefined && texts.get(code)!.length === explanations[code].texts.length,
  );
  expect(byHand).toEqual(["raised"]);
});

describe("texts are found in TypeScript", () => {
  test.each([
    [
      'throw new ConnectError("connect-failed", `no way to ${host}: ${error.message}`, {})',
      "connect-failed",
      "no way to {host}: {message}",
    ],
    ['const text = "late again"; throw new SremoteError("timeout", text)', "timeout", "late again"],
    ['throw new SremoteError(full ? "disk-full" : "closed", "all is over")', "disk-full", "all is over"],
    ['throw new InvalidArgumentError("options.x", `a number${given(x)}`)', "invalid-argument", "options.x must be a number, not {value}"],
    ['throw new InvalidArgumentError(name, "a number")', "invalid-argument", "{argument} must be a number"],
    ["throw new InvalidArgumentError(`${name} is missing`, undefined, { cause })", "invalid-argument", "{name} is missing"],
    ['const rows = [[/x/, "auth-failed", "it was refused"]]', "auth-failed", "it was refused"],
    ['const failure = { code: "killed", stage, message: `ended by ${signal}` }', "killed", "ended by {signal}"],
  ])("%s", (source, code, text) => {
    expect(typescriptTexts(source)).toContainEqual({ code, text });
  });

  test("and nothing else is", () => {
    expect(typescriptTexts('console.log("timeout"); new Map([["closed", 1]]); const a = "one two"')).toEqual([]);
  });
});

test("and in shell programs", () => {
  const text = "no directory on the host can hold the endpoint; {…}: not writable";
  expect(shellTexts('[ -w "$up" ] || { say rejected "$up: not writable"; return 1; }')).toEqual([{ code: "no-writable-directory", text }]);
});

test.each([
  ['raise Refusal("disk-full", "no space in %s" % path, "setup")', "disk-full", "no space in {…}"],
  ["raise protocol_error('it isn\\'t one: %r' % x)", "protocol-error", "it isn't one: {…}"],
  ['raise InstallFailed("two "\n    "parts\\nhint: do so")', "install-failed", "two parts"],
  ['found = {"code": "killed", "stage": "call", "message": "ended by %s" % name}', "killed", "ended by {…}"],
])("and in Python: %s", (source, code, text) => {
  expect(pythonTexts(source)).toEqual([{ code, text }]);
});
