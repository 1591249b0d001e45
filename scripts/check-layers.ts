// Fails on an import against the arrows of the architecture (an arrow only ever points up this list), on a circle of imports between files, and on an
// import that goes past the index of a folder.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { circles, importsOf, passedIndex, targetOf } from "./import-graph.ts";

/** What each package may import beside itself and, except for `protocol`, Node's own modules. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  connectors: ["@sremote/protocol", "bcrypt-pbkdf", "jose", "oauth4webapi", "ssh2", "undici"],
  endpoint: ["@sremote/protocol"],
  client: ["@sremote/protocol", "@sremote/connectors", "@sremote/endpoint"],
  transfer: ["@sremote/protocol", "@sremote/connectors", "@sremote/endpoint", "diff"],
  process: ["@sremote/protocol", "@sremote/connectors", "@sremote/transfer"],
  fleet: [
    "@sremote/protocol",
    "@sremote/connectors",
    "@sremote/endpoint",
    "@sremote/client",
    "@sremote/transfer",
    "@sremote/process",
    "diff",
  ],
  cli: ["@sremote/protocol", "@sremote/connectors", "@sremote/client", "@sremote/transfer", "@sremote/fleet", "commander"],
  sremote: [
    "@sremote/protocol",
    "@sremote/connectors",
    "@sremote/endpoint",
    "@sremote/client",
    "@sremote/transfer",
    "@sremote/fleet",
    "@sremote/cli",
  ],
};
/** Only tests may use these. */
const testOnly = ["vitest", "superjson", "rolldown", "fflate"];

export interface Violation {
  file: string;
  line: number;
  specifier: string;
}

/** The violations in one source file. @param packageName folder below packages/; @param file path for the report */
export function violations(packageName: string, file: string, text: string): Violation[] {
  const against = importsOf(text).filter(({ specifier }) => !permitted(packageName, specifier, isTest(file)));
  return against.map(({ line, specifier }) => ({ file, line, specifier }));
}

function isTest(file: string): boolean {
  return file.endsWith(".test.ts") || file.includes("/node/testing/");
}

function permitted(packageName: string, specifier: string, mayAll: boolean): boolean {
  if (specifier.startsWith(".")) return mayAll || !specifier.includes("/../../");
  if (mayAll) return true;
  if (specifier.startsWith("node:")) return packageName !== "protocol";
  if (testOnly.includes(specifier)) return false;
  return (allowed[packageName] ?? []).some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

function main(): void {
  const root = fileURLToPath(new URL("../packages", import.meta.url));
  const texts = new Map<string, string>();
  const problems: string[] = [];
  for (const name of readdirSync(root)) {
    if (!Object.hasOwn(allowed, name)) throw new Error(`packages/${name}: say in scripts/check-layers.ts what it may import`);
    for (const folder of ["src", "node"]) {
      for (const file of sources(join(root, name, folder))) {
        const path = relative(root, file).split(sep).join("/");
        const text = readFileSync(file, "utf8");
        if (!isTest(path)) texts.set(path, text);
        for (const { line, specifier } of violations(name, path, text)) {
          problems.push(`packages/${path}:${line}: import of ${specifier} is against the arrows`);
        }
      }
    }
  }
  for (const [file, text] of texts) {
    for (const each of importsOf(text)) {
      const target = targetOf(file, each);
      const folder = target === undefined ? undefined : passedIndex(file, target, (name) => texts.has(`${name}/index.ts`));
      if (folder !== undefined)
        problems.push(`packages/${file}:${each.line}: import of ${each.specifier} goes past packages/${folder}/index.ts`);
    }
  }
  for (const circle of circles(texts)) {
    problems.push(`packages/${circle[0]!}: import circle: ${[...circle, circle[0]!].map((file) => `packages/${file}`).join(" → ")}`);
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
}

function sources(folder: string): string[] {
  let names;
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

if (import.meta.main) main();
