/*
 * What users may rely on is documented beside it: each public option says what it does, its default, and its unit where it is a time or a bound; each public function
 * has an example, and all examples compile against the built packages, in one run of the compiler.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const reports = globSync("docs/api/*.d.ts", { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"));
const sources = globSync("packages/*/src/**/*.ts", { cwd: root })
  .filter((path) => !path.endsWith(".test.ts") && !path.startsWith("packages/cli/")) // whose options are words of a command line
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** The names of a kind in the reports of what is exported. */
function exported(kind: "interface" | "function"): Set<string> {
  return new Set(reports.flatMap((text) => [...text.matchAll(new RegExp(`^(?:declare )?${kind} (\\w+)`, "gm"))].map((match) => match[1]!)));
}

interface Option {
  /** `SshOptions.port` */
  readonly name: string;
  readonly doc: string;
}

/** Members of exported interfaces that may be left out, by interfaces whose names say that they are options. */
function options(): Option[] {
  const names = exported("interface");
  return sources.flatMap(({ text }) =>
    [...text.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)].flatMap(([, of = "", body = ""]) =>
      names.has(of) && /(?:Options|Configuration|Placement|Parameters|Algorithms)$/.test(of)
        ? [...body.matchAll(/(?:^ {2}\/\*\*((?:(?!\*\/).)*)\*\/\n)?^ {2}(?:readonly )?(\w+)\?:/gms)].map(([, doc = "", member = ""]) => ({
            name: `${of}.${member}`,
            doc,
          }))
        : [],
    ),
  );
}

const all = options();
const wrong = (isRight: (option: Option) => boolean, wanted = (_name: string): boolean => true): string[] =>
  all.filter((option) => wanted(option.name) && !isRight(option)).map(({ name }) => name);

test("each public option says what it does, and its default", () => {
  expect(all.length).toBeGreaterThan(150);
  expect(wrong(({ doc }) => /@default \S/.test(doc) && doc.replace(/@default.*/s, "").replace(/[\s*]/g, "").length > 10)).toEqual([]);
});

test("a time says that it is in milliseconds", () => {
  const isTime = (name: string): boolean => /(?:[tT]imeout|Interval|Delay)$/.test(name);
  expect(all.filter(({ name }) => isTime(name)).length).toBeGreaterThan(25);
  expect(wrong(({ doc }) => /milliseconds/i.test(doc), isTime)).toEqual([]);
});

test("a bound on an amount says of what", () => {
  const isBound = (name: string): boolean => /(?:Limit|\.limit)$/.test(name);
  expect(all.filter(({ name }) => isBound(name)).length).toBeGreaterThan(5);
  expect(wrong(({ doc }) => /bytes|characters|entries|names/i.test(doc), isBound)).toEqual([]);
});

/** The examples of a function: what stands between fences behind `@example`. */
function examplesOf(name: string): string[] {
  const comments = sources.flatMap(({ text }) =>
    [...text.matchAll(new RegExp(`(/\\*\\*(?:(?!\\*/).)*\\*/)\\nexport (?:async )?function \\*?${name}\\b`, "gs"))].map(
      (match) => match[1]!,
    ),
  );
  return comments.flatMap((comment) =>
    [...comment.matchAll(/@example\n \* ```ts\n(.*?) \* ```/gs)].map(([, code = ""]) => code.replaceAll(/^ \* ?/gm, "")),
  );
}

test("each public function has an example, and all examples compile", { timeout: 60_000 }, () => {
  const functions = [...exported("function")].map((name) => ({ name, examples: examplesOf(name) }));
  expect(functions.length).toBeGreaterThan(50);
  expect(functions.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
  const folder = join(root, `.cache/examples-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    for (const { name, examples } of functions) {
      for (const [index, code] of examples.entries()) writeFileSync(join(folder, `${name}-${index}.ts`), `${code}\nexport {};\n`);
    }
    const configuration = { extends: "../../tsconfig.test.json", include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
