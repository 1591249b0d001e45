// Fails on an import against the arrows of the architecture. An arrow only ever points up this list.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** What each package may import beside itself and, except for `protocol`, Node's own modules. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  connectors: ["@sremote/protocol", "bcrypt-pbkdf", "jose", "oauth4webapi", "ssh2", "undici"],
  endpoint: ["@sremote/protocol"],
  client: ["@sremote/protocol", "@sremote/connectors", "@sremote/endpoint"],
  fleet: ["@sremote/protocol", "@sremote/connectors", "@sremote/endpoint", "@sremote/client", "diff"],
  sremote: ["@sremote/protocol", "@sremote/connectors", "@sremote/endpoint", "@sremote/client", "@sremote/fleet"],
  cli: ["sremote", "commander"],
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
  const isTest = file.endsWith(".test.ts") || file.includes("/node/testing/");
  const found: Violation[] = [];
  const pattern = /\bfrom\s+["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']|^\s*import\s+["']([^"']+)["']/gm;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    if (permitted(packageName, specifier, isTest)) continue;
    found.push({ file, line: text.slice(0, match.index).split("\n").length, specifier });
  }
  return found;
}

function permitted(packageName: string, specifier: string, isTest: boolean): boolean {
  if (specifier.startsWith(".")) return isTest || !specifier.includes("/../../");
  if (isTest) return true;
  if (specifier.startsWith("node:")) return packageName !== "protocol";
  if (testOnly.includes(specifier)) return false;
  return (allowed[packageName] ?? []).some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

function main(): void {
  const root = fileURLToPath(new URL("../packages", import.meta.url));
  const all: Violation[] = [];
  for (const name of readdirSync(root)) {
    if (!Object.hasOwn(allowed, name)) throw new Error(`packages/${name}: say in scripts/check-layers.ts what it may import`);
    for (const folder of ["src", "node"]) {
      for (const file of sources(join(root, name, folder))) {
        // Code in comments (examples in docstrings) is no import.
        const text = readFileSync(file, "utf8").replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, "");
        all.push(...violations(name, relative(root, file).split(sep).join("/"), text));
      }
    }
  }
  for (const { file, line, specifier } of all) console.error(`packages/${file}:${line}: import of ${specifier} is against the arrows`);
  if (all.length > 0) process.exit(1);
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
