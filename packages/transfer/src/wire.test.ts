/* WIRE.md, the client and the host's program say the same, and each letter stands in one place of each. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { messages } from "./message.ts";

const home = fileURLToPath(new URL("../", import.meta.url));
const page = readFileSync(`${home}WIRE.md`, "utf8");
const program = readFileSync(`${home}python/transfer_wire.py`, "utf8");

/** `fileEnd` is FILE_END there. */
const inPython = (name: string): string => name.replace(/[A-Z]/g, "_$&").toUpperCase();

describe("the messages of a transfer", () => {
  test("are those of WIRE.md, with the same letters", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| `([A-Z])` \|/gm)].map(([, name, letter]) => [name, letter]);
    expect(Object.fromEntries(rows)).toEqual(messages);
    expect(new Set(Object.values(messages)).size).toBe(rows.length);
  });

  test("are those of the host's program", () => {
    const constants = [...program.matchAll(/^([A-Z_]+) = b"([A-Z])"$/gm)].map(([, name, letter]) => [name, letter]);
    expect(Object.fromEntries(constants)).toEqual(
      Object.fromEntries(Object.entries(messages).map(([name, letter]) => [inPython(name), letter])),
    );
  });

  test("are called by their names everywhere else", () => {
    const letters: string[] = [];
    for (const file of globSync("python/*.py", { cwd: home, exclude: ["python/transfer_wire.py"] })) {
      for (const [found] of readFileSync(home + file, "utf8").matchAll(/\bb["'][A-Z]+["']/g)) letters.push(`${file}: ${found}`);
    }
    for (const file of globSync("src/*.ts", { cwd: home, exclude: ["src/message.ts", "src/**/*.test.ts"] })) {
      for (const [found] of readFileSync(home + file, "utf8").matchAll(/\bencode\w+\(\s*"[A-Z]"/g)) letters.push(`${file}: ${found}`);
    }
    expect(letters).toEqual([]);
  });
});

test("WIRE.md describes the requests that the host's program serves", () => {
  const served = /requests = \{([^}]*)\}/.exec(readFileSync(`${home}python/transfer_serve.py`, "utf8"))![1]!;
  const names = [...served.matchAll(/"(\w+)":/g)].map((found) => found[1]!);
  const headings = [...page.matchAll(/^### (\w+)$/gm)].map((found) => found[1]!);
  expect(headings.toSorted()).toEqual(names.toSorted());
});
