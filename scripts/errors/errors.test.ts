/* docs/errors.md has every error text of the product, and every code has a cause, a cure, and a place where it is thrown. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codes, type Code } from "../../packages/protocol/src/index.ts";
import { collect } from "./collect.ts";
import { explanations } from "./cures.ts";
import { pythonTexts } from "./python-texts.ts";
import { page, renderErrors } from "./render.ts";
import { shellTexts } from "./shell-texts.ts";
import { stageTexts } from "./stage-texts.ts";
import { textCures } from "./text-cures.ts";
import { typescriptTexts } from "./typescript-texts.ts";

const all = Object.keys(codes) as Code[];

test("docs/errors.md is up to date: `npm run errors` writes it", () => {
  expect(readFileSync(page, "utf8")).toBe(renderErrors());
});

test.each(all)("%s has a cause and a cure, sentences that end", (code) => {
  for (const text of [explanations[code].cause, explanations[code].cure]) expect(text).toMatch(/^\S.*[.?]$/);
});

test("each code is thrown somewhere, with a text", () => {
  const texts = collect().byCode;
  expect(all.filter((code) => texts.get(code)!.size === 0)).toEqual([]);
  // A text that is written down by hand stands for one that the host makes, and no source may have it.
  const byHand = all.filter((code) => explanations[code].texts !== undefined && texts.get(code)!.size === explanations[code].texts.length);
  expect(byHand).toEqual(["raised"]);
});

test("what is said of a single text is said of one that there is, in sentences", () => {
  const { byCode } = collect();
  const own = Object.entries(textCures).flatMap(([code, texts]) =>
    Object.entries(texts).map(([text, advice]) => ({ code: code as Code, text, advice })),
  );
  expect(own.filter(({ code, text }) => !byCode.get(code)!.has(text)).map(({ text }) => text)).toEqual([]);
  for (const { advice } of own) expect(advice).toMatch(/^\S.*[.?]$/);
});

test("an option that a text or hint tells to set exists", () => {
  const { byCode, otherHints } = collect();
  const said = [...otherHints, ...[...byCode.values()].flatMap((texts) => [...texts].flatMap(([text, hints]) => [text, ...hints]))];
  const named = said.flatMap((text) =>
    [...text.matchAll(/\boptions? `(\w+)`|\bthe same `(\w+)`|; `(\w+)` allows/g)].map(([, ...names]) => names.find(Boolean)!),
  );
  const reports = ["sremote", "sremote-fleet", "sremote-transfer"].map((name) =>
    readFileSync(new URL(`../../docs/api/${name}.d.ts`, import.meta.url), "utf8"),
  );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !reports.some((report) => new RegExp(`^ *(?:readonly )?${name}\\??:`, "m").test(report)))).toEqual([]);
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

  test("with the hint beside them", () => {
    const source = 'throw new SremoteError("closed", "all is over", { host, hint: "do not close it" })';
    expect(typescriptTexts(source)).toEqual([{ code: "closed", text: "all is over", hint: "do not close it" }]);
  });

  test("without a code where they have none", () => {
    expect(typescriptTexts('throw new TypeError("no such member")')).toEqual([{ code: undefined, text: "no such member" }]);
  });

  test("and nothing else is", () => {
    expect(typescriptTexts('console.log("timeout"); new Map([["closed", 1]]); const a = "one two"')).toEqual([]);
  });
});

test("and in shell programs", () => {
  const text = "no directory on the host can hold the endpoint; {…}: not writable";
  expect(shellTexts('[ -w "$up" ] || { say rejected "$up: not writable"; return 1; }')).toEqual([{ code: "no-writable-directory", text }]);
});

test("and in the programs that start an endpoint", () => {
  expect(stageTexts('return path + " is not a directory"; missing("payload", ["detail=it arrived damaged"])')).toEqual([
    { code: "no-writable-directory", text: "no directory on the host can hold the endpoint; {path} is not a directory" },
    { code: "endpoint-broken", text: "the endpoint could not be started (payload): it arrived damaged" },
  ]);
});

test.each([
  ['raise Refusal("disk-full", "no space in %s" % path, "setup")', "disk-full", "no space in {…}"],
  ["raise protocol_error('it isn\\'t one: %r' % x)", "protocol-error", "it isn't one: {…}"],
  ['raise InstallFailed("two "\n    "parts\\nhint: do so")', "install-failed", "two parts"],
  ['found = {"code": "killed", "stage": "call", "message": "ended by %s" % name}', "killed", "ended by {…}"],
])("and in Python: %s", (source, code, text) => {
  expect(pythonTexts(source)).toEqual([{ code, text }]);
});
