import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { readAnswer } from "./answer.ts";
import { install } from "./program.ts";

/** What a kernel shows of an answer of the real program. */
function shown(path: string): string {
  const request = JSON.stringify({ do: "make", drop: [], path });
  const lines = [install("program", []), `print(repr(program(${JSON.stringify(request)})), end="")`];
  return execFileSync("python3", ["-I", "-c", lines.join("\n")], { encoding: "utf8" });
}

test("an answer of the program is read, with quotes and backslashes in it", () => {
  expect(readAnswer(shown("/nowhere/at/all"))).toEqual({ error: "No such file or directory" });
  expect(readAnswer(shown(`/it's "here" \\ \0`))).toEqual({ error: "embedded null byte" });
});

test("G19 an answer of which one bit was flipped, or any part is missing, is none", () => {
  const whole = Buffer.from(shown("/nowhere/at/all"), "latin1");
  for (let at = 0; at < whole.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << bit;
      expect(readAnswer(damaged.toString("latin1")), `byte ${at}, bit ${bit}`).toBeUndefined();
    }
    expect(readAnswer(whole.toString("latin1", 0, at))).toBeUndefined();
    if (at < whole.length - 1) expect(readAnswer(`${whole.toString("latin1", 0, at)}'`)).toBeUndefined();
  }
});

test("G07 a directory that is there already is not taken for one of ours", () => {
  expect(readAnswer(shown(tmpdir()))).toEqual({ error: "File exists" });
});
