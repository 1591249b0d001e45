import { readFileSync } from "node:fs";
import { codes, ConnectError, SremoteError } from "@sremote/protocol";
import { expect, test } from "vitest";
import { exitCodeFor, exitCodeOf, exitCodes } from "./exit-code.ts";

test("every error code has an exit status, and none is that of success", () => {
  expect(Object.keys(exitCodeOf).toSorted()).toEqual(Object.keys(codes).toSorted());
  for (const each of Object.values(exitCodeOf)) expect(each).not.toBe(exitCodes.value);
});

test("each exit status means one thing", () => {
  expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
});

test("an error's exit status is that of its code, any other failure is internal", () => {
  expect(exitCodeFor(new ConnectError("auth-failed", "no"))).toBe(6);
  expect(exitCodeFor(new SremoteError("timeout", "late"))).toBe(7);
  expect(exitCodeFor(new TypeError("bug"))).toBe(70);
});

test("the table in docs/command-line-output.md lists the same exit statuses with the same codes", () => {
  const page = readFileSync(new URL("../../../docs/command-line-output.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (\d+) \| [^|]* \|([^|]*)\|$/gm)];
  const documented = new Map(
    rows.map(([, status, names]) => [
      Number(status),
      [...(names ?? "").matchAll(/`([a-z-]+)`/g)].map((match) => match[1] ?? "").toSorted(),
    ]),
  );
  const actual = new Map<number, string[]>(Object.values(exitCodes).map((status) => [status, []]));
  for (const [code, status] of Object.entries(exitCodeOf)) actual.get(status)!.push(code);
  expect(documented).toEqual(new Map([...actual].map(([status, names]) => [status, names.toSorted()])));
});
