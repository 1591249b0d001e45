import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "@sremote/protocol";
import { fromBytes, toBytes } from "./byte-string.ts";
import { commandLine } from "./command-line.ts";
import { shell } from "./connector.ts";
import { quote, quoteAll } from "./quote.ts";

const hostile = [
  "",
  " ",
  "a b",
  "it's",
  `"double"`,
  "'",
  "''''",
  "\\",
  "\\\\'",
  "a\nb\n",
  "\n",
  "\r\n\t",
  "-rf",
  "--",
  "$(touch /tmp/pwned)",
  "`id`",
  "$HOME ${HOME} $$",
  "!history !! !$",
  "*",
  "[a-z]?",
  "~",
  "~root",
  "#comment",
  "a;b&c|d<e>f",
  "%s%n%b\\0101",
  "=ls",
  "{a,b}",
  "é ü 漢字 🦊",
  "\u0001\u001b[31m\u007f",
  "\udcff\udc80",
  "é\udcc3",
];

/** A fixed generator (xorshift32), so that a failure can be repeated. */
function* randomTexts(count: number): Iterable<string> {
  let state = 0x9e3779b9;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let n = 0; n < count; n += 1) {
    yield fromBytes(Uint8Array.from({ length: 1 + next(40) }, () => 1 + next(255)));
  }
}

const cases = [...hostile, ...randomTexts(150)];
/** What `printf '%s\0'` prints for these arguments. */
const printed = (texts: readonly string[]): Buffer => Buffer.concat(texts.flatMap((text) => [toBytes(text), Uint8Array.of(0)]));

// Node gives strings on as UTF-8, so a script with any byte goes in by standard input.
const runScript = (program: readonly [string, ...string[]], script: string): Buffer => {
  const result = spawnSync(program[0], program.slice(1), { input: toBytes(`${script}\n`) });
  expect(result.stderr.toString()).toBe("");
  return result.stdout;
};

const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
const shells: readonly (readonly [string, ...string[]])[] = [
  ["sh"],
  ["bash"],
  ["dash"],
  ...(busybox === undefined ? [] : [[busybox, "sh"] as const]),
];

describe.each(shells.map((program) => [program.join(" "), program] as const))("G08 quoting for %s", (_name, program) => {
  test("an argument arrives as it was, whatever it holds", () => {
    expect(runScript(program, `printf '%s\\0' ${quoteAll(["", ...cases])}`)).toEqual(printed(["", ...cases]));
  });

  test("a word alone is one argument", () => {
    for (const text of hostile)
      expect(runScript(program, `set -- ${quote(text)}; printf '%s|%s' "$#" "$1"`)).toEqual(
        Buffer.concat([Buffer.from("1|"), toBytes(text)]),
      );
  });
});

test("a reserved word or an assignment in first place is a program's name", () => {
  for (const word of ["if", "A=1", "{"]) {
    const result = spawnSync("sh", ["-c", quoteAll([word, "x"])]);
    expect(result.status).toBe(127);
  }
});

test("NUL is refused", () => {
  expect(() => quote("a\0b")).toThrow(InvalidArgumentError);
  expect(() => quoteAll(["a", "\0"])).toThrow(InvalidArgumentError);
});

/** Shells a login may have. tcsh and fish are run where they are installed; the line is the same for all. bsd-csh takes no long words. */
const loginShells = ["/bin/sh", "/bin/bash", "/bin/dash", "/bin/tcsh", "/usr/bin/fish", "/usr/bin/zsh"].filter((path) => existsSync(path));

describe.each(loginShells)("G08 a command line for a login with %s", (login) => {
  const run = (line: string): { stdout: Buffer; stderr: string; status: number | null } => {
    const result = spawnSync(login, ["-c", line]);
    return { stdout: result.stdout, stderr: result.stderr.toString(), status: result.status };
  };

  test("an argument vector arrives as it was", () => {
    for (const text of hostile)
      expect(run(commandLine(["printf", "%s\\0", text]))).toEqual({ stdout: printed([text]), stderr: "", status: 0 });
    expect(run(commandLine(["printf", "%s\\0", ...cases]))).toEqual({ stdout: printed(cases), stderr: "", status: 0 });
  });

  test("a script means what it means to sh", () => {
    const script = `set -- 'a!b' "c
d" '\\'\nfor x; do printf '%s;' "$x"; done\ncat <<'END'\n$HOME 'quoted' !bang\nEND\nexit 7\n`;
    expect(run(commandLine(shell(script)))).toEqual({ stdout: Buffer.from("a!b;c\nd;\\;$HOME 'quoted' !bang\n"), stderr: "", status: 7 });
  });
});

test("what some login shell reads between single quotes is in no command line as it is", () => {
  for (const character of ["!", "\n", "é", "\\"]) {
    const line = commandLine(shell(`echo a${character}b`));
    expect(line).not.toContain(`a${character}b`);
    expect(line).toContain("printf %b");
  }
});

test("a command line is printable ASCII", () => {
  for (const text of cases) expect(commandLine(["printf", text])).toMatch(/^[ -~]+$/);
});

describe("strings that stand for bytes", () => {
  test("every byte sequence survives", () => {
    for (let high = 0; high < 256; high += 1) {
      for (const low of [0x00, 0x41, 0x7f, 0x80, 0xa0, 0xbf, 0xc3, 0xed, 0xff]) {
        const bytes = Uint8Array.of(high, low, 0xf0, 0x9f, 0xa6, 0x8a, high);
        expect(toBytes(fromBytes(bytes))).toEqual(bytes);
      }
    }
  });

  test("a byte order mark is kept", () => {
    expect(toBytes(fromBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)))).toEqual(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41));
  });

  test("they are those of Python's os.fsdecode", () => {
    const python = `import os,sys;sys.stdout.write(ascii(os.fsdecode(bytes.fromhex("61ffc3a9c3edb2806280"))))`;
    const shown = spawnSync("python3", ["-X", "utf8", "-c", python]).stdout.toString();
    const ours = Array.from(fromBytes(Uint8Array.from(Buffer.from("61ffc3a9c3edb2806280", "hex"))))
      .map((c) =>
        c.charCodeAt(0) < 0x80 ? c : c.charCodeAt(0) < 0x100 ? `\\x${c.charCodeAt(0).toString(16)}` : `\\u${c.charCodeAt(0).toString(16)}`,
      )
      .join("");
    expect(`'${ours}'`).toBe(shown);
  });

  test("another lone surrogate is refused", () => {
    for (const text of ["\ud800", "\udc7f", "\udd00", "a\udfff"]) expect(() => toBytes(text, "name")).toThrow(/^name has a lone surrogate/);
  });
});
