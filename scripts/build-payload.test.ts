import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stripPython } from "./strip-python.ts";

const script = fileURLToPath(new URL("build-payload.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "sremote-payload-"));
afterAll(() => rmSync(root, { recursive: true }));

function build(name: string, zone: string, umask: string): Map<string, Buffer> {
  const to = join(root, name);
  execFileSync("sh", ["-c", `umask ${umask}; exec "$0" "$@"`, process.execPath, script, to], {
    env: { ...process.env, TZ: zone },
    stdio: "pipe",
  });
  const files = readdirSync(to, { recursive: true, encoding: "utf8" }).filter((file) => statSync(join(to, file)).isFile());
  return new Map(files.toSorted().map((file) => [file, readFileSync(join(to, file))]));
}

describe("the payloads", () => {
  let first: Map<string, Buffer>;
  let second: Map<string, Buffer>;
  beforeAll(() => {
    first = build("first", "Pacific/Kiritimati", "022");
    second = build("second", "America/Adak", "077");
  });

  it("are the same bytes in another time zone and under another umask", () => {
    expect([...second.keys()]).toEqual([...first.keys()]);
    for (const [name, bytes] of first) expect(second.get(name)?.equals(bytes), name).toBe(true);
    const programs = [...String(first.get("programs.ts")).matchAll(/^ {2}"([^"]+)": /gm)].map(([, name]) => name);
    expect(programs).toEqual(
      expect.arrayContaining(["sremote-endpoint.mjs", "sremote-endpoint.pyz", "launch.sh", "probe.sh", "stage1.py", "attach.cjs"]),
    );
    expect(statSync(join(root, "first/sremote-endpoint.mjs")).mode).toBe(statSync(join(root, "second/sremote-endpoint.mjs")).mode);
  });

  it("use no name that their modules do not have, short as names are", () => {
    // Both with their names shortened; the zip's modules can be read as they are.
    const program = `import builtins, symtable, sys, zipfile
parts = zipfile.ZipFile(sys.argv[1]).read("modules").decode().split(chr(0))
def check(table, known, name):
    for symbol in table.get_symbols():
        word = symbol.get_name()
        if symbol.is_global() and symbol.is_referenced() and word not in known and not hasattr(builtins, word) and not word.startswith("__"):
            print(name, table.get_name(), word)
    for inner in table.get_children():
        check(inner, known, name)
for name, source in zip(parts[0::2], parts[1::2]):
    table = symtable.symtable(source, name, "exec")
    check(table, {each.get_name() for each in table.get_symbols() if each.is_assigned() or each.is_imported() or each.is_namespace()}, name)
print(len(parts) // 2 > 30)`;
    const archive = join(root, "first/sremote-endpoint.pyz");
    expect(execFileSync("python3", ["-c", program, archive], { encoding: "utf8" })).toBe("True\n");
  });

  // Those of sessions may be 5 % larger than before the work on trust, which made them 11 and 14 % larger at first (docs/decisions/084).
  // Tables take 6,600 bytes in Python and 5,000 in Node, as they must be there when a function returns one; nothing of them is compiled before that.
  // Many items in one message take 2,700 and 1,500 (docs/decisions/092): a first call loads nothing of them.
  const most: Record<string, number> = {
    "sremote-endpoint.mjs": 46_000,
    "sremote-endpoint.pyz": 46_700,
    // 200 of these for programs that come with their calls, and for what they set in their process.
    "sremote-session.js.br": 42_400,
    // 600 of these for where shipped code is looked for, whether it is of the call's version, and whether modules were edited.
    "sremote-session.py.deflate": 54_100,
  };

  it("have as many bytes as they may, and as the manifest says", () => {
    const manifest: Record<string, { size: number; sha256: string; protocol: number }> = JSON.parse(String(first.get("manifest.json")));
    expect(Object.keys(manifest).toSorted()).toEqual(Object.keys(most));
    for (const [name, { size, sha256, protocol }] of Object.entries(manifest)) {
      expect(first.get(name)?.length).toBe(size);
      expect(size).toBeLessThanOrEqual(most[name]!);
      expect(execFileSync("sha256sum", [join(root, "first", name)], { encoding: "utf8" }).slice(0, 64)).toBe(sha256);
      expect(protocol).toBe(1);
    }
  });
});

const runPython = (text: string, code: string): string => execFileSync("python3", ["-c", `${text}\n${code}`], { encoding: "utf8" });

describe("Python without comments and docstrings", () => {
  const source = `"""Module."""
import os  # for paths

x = "# no comment"  # one
y = '''two
lines # kept'''
z = ["a",  # within brackets
     "b"]
"alone"


def f(a, b=r"\\\\"):
    """Doc
    of several lines."""


def g():
    'short'
    return f"{x!r} # {'y'}", b"\\"#", \\
        "continued"
`;

  it("does the same, line by line", () => {
    const stripped = stripPython(source);
    const look = "import inspect; print(repr((x, y, z, f(1), g(), f.__code__.co_firstlineno, g.__code__.co_firstlineno)))";
    expect(runPython(stripped, look)).toBe(runPython(source, look));
    expect(runPython(stripped, "print(f.__doc__, g.__doc__)")).toBe("None None\n");
    expect(stripped).not.toMatch(/for paths|Module|Doc|short|alone|within/);
  });

  it("has a statement for a docstring that is all of its block, and none for others", () => {
    expect(stripPython(source).match(/^ *0$/gm)).toEqual([" 0"]);
  });

  it("a program that cannot be scanned is an error", () => {
    expect(() => stripPython('x = "')).toThrow(/does not end/);
  });
});
