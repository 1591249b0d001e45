/* What `ship` is told, checked. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { given, InvalidArgumentError, SremoteError, unknownOption } from "@sremote/protocol";
import { checkText, isPlainObject } from "../call/check-values.ts";
import type { Runtime } from "../call/options.ts";
import { compilePattern, type Patterns } from "./patterns.ts";
import type { TreeSettings } from "./tree-settings.ts";

export interface ShipOptions {
  /** For calls of which runtime. @default that of the file's ending, else the client's */
  runtime?: Runtime | undefined;
  /**
   * Name by which calls import it. `.`: the directory itself goes on the module search path, so that its modules have their own names.
   *
   * @default the name of the directory, or of the file without its ending
   */
  as?: string | undefined;
  /** Patterns of the files to ship, such as `*.py` or `data/**`; all others are left out. @default all files whose names do not begin with a dot */
  include?: readonly string[] | undefined;
  /**
   * Patterns of files and directories to leave out: `*` and `?` within a name, `**` for any directories. Without `/`, a pattern is for a name at any depth.
   *
   * @default none; hidden directories, `__pycache__`, `node_modules` and virtual environments are never shipped
   */
  exclude?: readonly string[] | undefined;
  /** Leaves out what git ignores. It needs git on this machine. @default false */
  gitignore?: boolean | undefined;
}

const known = ["runtime", "as", "include", "exclude", "gitignore"];
const pythonName = /^[\p{ID_Start}_]\p{ID_Continue}*$/u;
const pythonKeywords: ReadonlySet<string> = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not
  or pass raise return try while with yield`.split(/\s+/),
);

/** @throws InvalidArgumentError, and SremoteError `no-such-file` */
export function readShipOptions(path: unknown, options: unknown, clientRuntime: Runtime): TreeSettings {
  checkText("path", path, "a directory or file of this machine");
  if (!isPlainObject(options)) throw new InvalidArgumentError("options", `an object${given(options)}`);
  for (const key of Object.keys(options)) if (!known.includes(key)) throw unknownOption("options", key, known);
  const { as, gitignore = false, runtime: givenRuntime } = options;
  if (givenRuntime !== undefined && givenRuntime !== "python" && givenRuntime !== "node")
    throw new InvalidArgumentError("options.runtime", `"python" or "node"${given(givenRuntime)}`);
  if (typeof gitignore !== "boolean") throw new InvalidArgumentError("options.gitignore", `true or false${given(gitignore)}`);
  if (as !== undefined) checkText("options.as", as, "the name of a module");
  const patterns: Patterns = {
    include: options["include"] === undefined ? undefined : readPatterns("options.include", options["include"]),
    exclude: options["exclude"] === undefined ? [] : readPatterns("options.exclude", options["exclude"]),
  };
  const root = resolve(path);
  const isFile = isRegularFile(root, path);
  const runtime = givenRuntime ?? runtimeOf(root, isFile) ?? clientRuntime;
  const common = { runtime, path: root, shown: path, patterns, gitignore };
  if (as === ".") {
    if (isFile) throw new InvalidArgumentError("options.as", 'the name of a module for a file: "." is for a directory');
    if (runtime === "node") throw new InvalidArgumentError("options.as", 'the name of a package for Node: "." is for Python');
    return { ...common, name: ".", origin: { root, prefix: "" } };
  }
  const name = as ?? (isFile ? basename(root, extname(root)) : ((runtime === "node" ? packageName(root) : undefined) ?? basename(root)));
  checkModuleName(name, runtime, as !== undefined);
  if (runtime === "node") return { ...common, name, origin: { root: isFile ? dirname(root) : root, prefix: `node_modules/${name}/` } };
  return { ...common, name, origin: { root, prefix: isFile ? undefined : `${name}/` } };
}

/** As its package.json says. */
function packageName(root: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { name?: unknown };
    return typeof name === "string" ? name : undefined;
  } catch {
    // It has none, or one that is refused when its files are read.
    return undefined;
  }
}

function readPatterns(argument: string, value: unknown): readonly RegExp[] {
  if (!Array.isArray(value)) throw new InvalidArgumentError(argument, `an array of patterns${given(value)}`);
  return value.map((pattern: unknown, index) => {
    checkText(`${argument}[${index}]`, pattern, 'a pattern such as "*.csv" or "data/**"');
    return compilePattern(pattern);
  });
}

function isRegularFile(root: string, path: string): boolean {
  const found = statSync(root, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new SremoteError("no-such-file", `code cannot be shipped: ${path} does not exist`, {
      stage: "request",
      hint: `the path is ${root}`,
    });
  }
  return !found.isDirectory();
}

function runtimeOf(root: string, isFile: boolean): Runtime | undefined {
  if (!isFile) return undefined;
  if (root.endsWith(".py")) return "python";
  return /\.[cm]?[jt]s$/.test(root) ? "node" : undefined;
}

function checkModuleName(name: string, runtime: Runtime, isGiven: boolean): void {
  if (runtime === "node" ? /^(?:@[\w-][\w.-]*\/)?[\w-][\w.-]*$/.test(name) : pythonName.test(name) && !pythonKeywords.has(name)) return;
  throw new InvalidArgumentError(
    isGiven ? "options.as" : "path",
    `a name that ${runtime === "python" ? "Python" : "Node"} can import${given(name)}`,
    {
      hint: isGiven ? undefined : 'give it a name with options.as, or ship the modules of a directory with { as: "." }',
    },
  );
}
