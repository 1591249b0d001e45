/*
 * What users may rely on is documented beside it: each public option says what it does, its default, and its unit where it is a time or a bound; each public function
 * and each method that a user calls first has an example, and all examples compile against the built packages, in one run of the compiler.
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

/** Methods that users call first, by their class: each has an example of one line, in which the class's object has this name. */
const objects = { RemoteClient: "client", Fleet: "hosts", Run: "run", RemoteProcess: "process", Job: "process", Interpreter: "py" };
/** These continue what others have begun, tell what is known already, or are the same as another one with other words. */
const withoutExample = new Set(
  `RemoteClient.setTmpAtHomeDir RemoteClient.setPwdAtHomeDir RemoteClient.setSerializer Fleet.slice Fleet.intersect Fleet.filter Fleet.close Run.stats Run.reports
  Run.start Run.then Run.readNew Job.reset Job.readNew Job.chunks RemoteProcess.reset Interpreter.close`.split(/\s+/),
);
const preamble = `import { type Interpreter, RemoteClient } from "sremote";
import { type Fleet, type RemoteProcess } from "sremote/fleet";
declare const client: RemoteClient;
declare const py: Interpreter;
declare const hosts: Fleet;
declare const process: RemoteProcess;
declare const run: ReturnType<Fleet["run"]>;`;

/** The public methods of a class, as the reports have them. */
function methodsOf(name: string): string[] {
  const body = reports.map((text) => new RegExp(`^declare (?:abstract )?class ${name}\\b.*?^}`, "ms").exec(text)?.[0]).find(Boolean) ?? "";
  return [...new Set([...body.matchAll(/^ {2}(?:static )?(\w+)(?:<[^(]*>)?\(/gm)].map(([, method]) => method!))].filter(
    (method) => method !== "constructor",
  );
}

/** The examples of one line that stand above a method, or above its first overload. */
function examplesOfMethod(name: string, method: string): string[] {
  const body =
    sources.map(({ text }) => new RegExp(`^export (?:abstract )?class ${name}\\b.*?^}`, "ms").exec(text)?.[0]).find(Boolean) ?? "";
  const doc = new RegExp(`/\\*\\*((?:(?!\\*/).)*)\\*/\\n {2}(?:override )?(?:async )?${method}\\b`, "s").exec(body)?.[1] ?? "";
  return [...doc.matchAll(/@example (\S.*?)(?: \*?$|$)/gm)].map(([, code]) => code!.trim());
}

test("each public function has an example, and all examples compile", { timeout: 60_000 }, () => {
  const functions = [...exported("function")].map((name) => ({ name, examples: examplesOf(name) }));
  expect(functions.length).toBeGreaterThan(50);
  expect(functions.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
  const methods = Object.keys(objects).flatMap((of) =>
    methodsOf(of)
      .map((method) => ({ name: `${of}.${method}`, examples: examplesOfMethod(of, method) }))
      .filter(({ name }) => !withoutExample.has(name)),
  );
  expect(methods.length).toBeGreaterThan(40);
  expect(methods.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
  const folder = join(root, `.cache/examples-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    for (const { name, examples } of functions) {
      for (const [index, code] of examples.entries()) writeFileSync(join(folder, `${name}-${index}.ts`), `${code}\nexport {};\n`);
    }
    for (const { name, examples } of methods) {
      for (const [index, code] of examples.entries())
        writeFileSync(join(folder, `${name}-${index}.ts`), `${preamble}\n${code}\nexport {};\n`);
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
