/*
 * Runs the examples of the command's pages. In a block that begins with "```sh run", a line `$ …` is a command for sh in a home directory that all
 * blocks share, and the lines up to the next one are what it prints, stdout and stderr. `…` stands for any text.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandHome, commandHome, asItIs } from "../support/command.ts";

interface Example {
  /** `command-line.md:12` */
  place: string;
  command: string;
  expected: string;
}

function examplesOf(page: string): Example[] {
  const lines = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8").split("\n");
  const examples: Example[] = [];
  let inside = false;
  for (const [index, text] of lines.entries()) {
    if (text.startsWith("```")) inside = text === "```sh run";
    else if (inside && text.startsWith("$ ")) examples.push({ place: `${page}:${index + 1}`, command: text.slice(2), expected: "" });
    else if (inside) examples[examples.length - 1]!.expected += `${text}\n`;
  }
  return examples;
}

function pattern(expected: string): RegExp {
  const parts = expected.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join("[^\\n]*")}$`);
}

const examples = ["command-line.md", "command-line-output.md", "command-line-hosts.md"].flatMap(examplesOf);
let home: CommandHome;

beforeAll(async () => {
  home = await commandHome();
  const bin = join(home.directory, "bin");
  await mkdir(bin);
  const words = [process.execPath, ...asItIs].map((word) => `'${word}'`).join(" ");
  await writeFile(join(bin, "sremote"), `#!/bin/sh\nexec ${words} "$@"\n`);
  await chmod(join(bin, "sremote"), 0o755);
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

test("the pages have examples that run", () => {
  expect(examples.length).toBeGreaterThan(20);
});

test.each(examples)("$place: $command", ({ command, expected }) => {
  const env = { ...home.env, PATH: `${home.directory}/bin:${home.env["PATH"]}` };
  const { stdout } = spawnSync("sh", ["-c", `{ ${command}\n} 2>&1`], { cwd: home.directory, env, encoding: "utf8" });
  expect(stdout).toMatch(pattern(expected));
});
