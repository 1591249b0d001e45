import { inspect } from "node:util";
import { expect, test } from "vitest";
import { ConnectError, RemoteExecError } from "./error.ts";
import { hostLimits } from "./host-limits.ts";
import { hostError, hostText } from "./host-text.ts";

/** Whatever a terminal would act on, or a reader would not see. */
const hasControls = (text: string): boolean => /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\u2028\u2029]/u.test(text);

test("no control character of Unicode comes through, and text of any script does", () => {
  const controls = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).filter((each) =>
    /[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/u.test(each),
  );
  expect(controls.length).toBe(63 + 11 + 2);
  for (const each of controls) expect(hasControls(hostText(`a${each}b`)), JSON.stringify(each)).toBe(false);
  for (const text of ["tab\tand\nline", "Grüße", "日本語", "שלום", "👩‍👩‍👧", "e\u0301"]) expect(hostText(text)).toBe(text);
});

test("sequences are shown, colours are left out, and every kind of line break is one", () => {
  expect(hostText("\u001b]0;title\u0007")).toBe("\\x1b]0;title\\x07");
  expect(hostText("\u001b[1;31merror\u001b[0m: \u001b[38:5:9mx\u001b[m")).toBe("error: x");
  expect(hostText("\u009b2J\u202egpj.exe")).toBe("\\x9b2J\\u202egpj.exe");
  expect(hostText("one\r\ntwo\rthree\n")).toBe("one\ntwo\nthree\n");
});

test("length is bounded at both ends or at the end, also of what is escaped", () => {
  for (const length of [hostLimits.message - 1, hostLimits.message, hostLimits.message + 1, 5_000_000]) {
    for (const character of ["x", "\u001b", "\u202e"]) {
      const text = hostText(character.repeat(length));
      expect(text.length).toBeLessThanOrEqual(hostLimits.message);
      expect(hasControls(text)).toBe(false);
    }
  }
  expect(hostText("x".repeat(hostLimits.message))).toBe("x".repeat(hostLimits.message));
  const text = `begin${"x".repeat(9000)}end`;
  expect(hostText(text)).toMatch(/^begin[^]*\[… \d+ characters …\][^]*end$/);
  expect(hostText(text, { keep: "end", limit: 100 })).toMatch(/^\[… \d+ characters …\]\nx+end$/);
});

test("an error shows nothing of a host that a terminal would act on, and holds what the function said", () => {
  const bad = `\u001b]52;c;ZXZpbA==\u0007${"x".repeat(20_000)}\u001b[2J`;
  const options = { host: "ssh://h", hint: bad, lastLines: bad };
  for (const error of [
    new ConnectError("connect-failed", bad, { ...options, cause: hostError(new Error(bad)) }),
    new RemoteExecError("raised", bad, { ...options, outcome: "raised", remote: { code: "raised", stage: "call", message: bad } }),
  ]) {
    for (const text of [error.message, error.details, error.hint ?? "", error.lastLines ?? "", error.stack ?? "", inspect(error)]) {
      expect(hasControls(text)).toBe(false);
    }
    expect(error.message.length).toBeLessThanOrEqual(hostLimits.message);
    expect(error.hint!.length).toBeLessThanOrEqual(hostLimits.hint);
    expect(error.lastLines!.length).toBeLessThanOrEqual(hostLimits.lastLines);
    if (error instanceof RemoteExecError) expect(error.remote?.message).toBe(bad);
  }
  const fine = new Error("fine");
  expect(hostError(fine)).toBe(fine);
});
