/*
 * Reports of what users may rely on: docs/api, one file for each entry of the package `sremote`, made of the declarations that the compiler wrote. `node scripts/api-report.ts`
 * (after `npm run build`). A file that changes is a change of the public interface: test/types/api-report.test.ts fails until it is committed.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ClassElement,
  isClassDeclaration,
  isExportSpecifier,
  isIdentifier,
  isInterfaceDeclaration,
  isVariableDeclaration,
  type Node,
  type TypeElement,
} from "typescript/unstable/ast";
import { API, type Project, type Symbol as Name, SymbolFlags } from "typescript/unstable/sync";

const root = fileURLToPath(new URL("..", import.meta.url));
const declarations = /\/packages\/[a-z]+\/dist\//;

interface Manifest {
  exports: Record<string, string | { types: string }>;
}

/** Each entry as a program imports it, and its declarations. */
export function entries(): ReadonlyMap<string, string> {
  const { exports } = JSON.parse(readFileSync(join(root, "packages/sremote/package.json"), "utf8")) as Manifest;
  const all = Object.entries(exports).flatMap(([path, each]) =>
    typeof each === "string" ? [] : [[path.replace(".", "sremote"), join(root, "packages/sremote", each.types)] as const],
  );
  return new Map(all);
}

/** The reports by their paths below the root. */
export function apiReports(): Map<string, string> {
  const all = entries();
  const folder = join(root, `.cache/api-report-${process.pid}`);
  const configuration = join(folder, "tsconfig.json");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    configuration,
    JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions: { noEmit: true, composite: false }, files: [...all.values()] }),
  );
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProjects: [configuration] }).getProjects();
    if (project === undefined) throw new Error("the compiler has opened no project");
    const names = new Map(Array.from(all, ([entry, file]) => [entry, exportsOf(project, file)] as const));
    const exported = new Set([...names.values()].flatMap((each) => Array.from(each.values(), ({ name }) => name.id)));
    return new Map(
      Array.from(names, ([entry, each]) => [`docs/api/${entry.replace("/", "-")}.d.ts`, report(project, entry, each, exported)] as const),
    );
  } finally {
    api.close();
    rmSync(folder, { recursive: true });
  }
}

interface Exported {
  readonly name: Name;
  /** Whether a program can use it, and not only its type. */
  readonly isValue: boolean;
}

/** What each exported name stands for, by name. */
function exportsOf(project: Project, file: string): Map<string, Exported> {
  const source = project.program.getSourceFile(file);
  const module = source && project.checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file}: no module; is it built?`);
  const found = Array.from(module.getExports().values(), (each) => {
    const name = meant(project, each);
    const isTypeOnly = nodesOf(project, each).every(
      (node) => isExportSpecifier(node) && (node.isTypeOnly || node.parent.parent.getText().startsWith("export type ")),
    );
    return [each.name, { name, isValue: (name.flags & SymbolFlags.Value) !== 0 && !isTypeOnly }] as const;
  });
  return new Map(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function meant(project: Project, name: Name): Name {
  return (name.flags & SymbolFlags.Alias) === 0 ? name : project.checker.getAliasedSymbol(name);
}

function report(project: Project, entry: string, names: ReadonlyMap<string, Exported>, exported: ReadonlySet<number>): string {
  const of = (value: boolean): Name[] => [...names.values()].filter(({ isValue }) => isValue === value).map(({ name }) => name);
  const [values, types] = [of(true), of(false)];
  const others = new Map<number, Name>();
  const list = (each: readonly Name[]): string => each.map((name) => `${textOf(project, name)}\n`).join("");
  const queue = Array.from(names.values(), ({ name }) => name);
  for (const name of queue) {
    for (const other of namedBy(project, name)) {
      if (exported.has(other.id) || others.has(other.id)) continue;
      others.set(other.id, other);
      queue.push(other);
    }
  }
  const unnamed = [...others.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const part = (title: string, each: readonly Name[]): string => (each.length === 0 ? "" : `\n/* ${title} */\n\n${list(each)}`);
  const text = `/* What ${entry} exports: ${values.length} values, ${types.length} types. \`npm run api\` writes this. */\n${[
    part("Values", values),
    part("Types", types),
    part("Types that these are made of, and that users cannot name", unnamed),
  ].join("")}`;
  return formatted(text);
}

function formatted(text: string): string {
  const program = join(root, "node_modules/oxfmt/bin/oxfmt");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "--stdin-filepath=report.d.ts"], {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`oxfmt ended with ${status}: ${stderr}`);
  return stdout;
}

function nodesOf(project: Project, name: Name): Node[] {
  return name.declarations.map((each) => {
    const node = each.resolve(project);
    if (node === undefined) throw new Error(`${name.name}: no declaration`);
    return node;
  });
}

/** What it declares, without comments and without what is internal. */
function textOf(project: Project, name: Name): string {
  return nodesOf(project, name)
    .map((node) => {
      if (isVariableDeclaration(node)) return `declare const ${withoutComments(node.getText())};`;
      if (!isClassDeclaration(node) && !isInterfaceDeclaration(node)) return withoutComments(node.getText()).replace(/^export /, "");
      const text = node.getSourceFile().text;
      const head = withoutComments(text.slice(node.getStart(), node.members.pos)).replace(/^export /, "");
      const members = publicMembers(node.members).map((each) => `  ${withoutComments(each.getText())}\n`);
      return members.length === 0 ? `${head}}` : `${head}\n${members.join("")}}`;
    })
    .join("\n");
}

/** Without what only we call, or only a class of ours that extends it: users make none of their own. */
function publicMembers(members: Iterable<ClassElement | TypeElement>): (ClassElement | TypeElement)[] {
  return [...members].filter((member) => {
    const before = member.getSourceFile().text.slice(member.getFullStart(), member.getStart());
    return !/@internal\b/.test(before) && !/^(?:#|private\b|protected\b)/.test(member.getText());
  });
}

function withoutComments(text: string): string {
  return text.replaceAll(/^[ \t]*\/\*[^]*?\*\/\n?/gm, "").replaceAll(/\s*\/\*[^]*?\*\//g, "");
}

/** Declarations of ours that it names. */
function namedBy(project: Project, name: Name): Name[] {
  const identifiers: Node[] = [];
  const visit = (node: Node): void => {
    if (isIdentifier(node)) identifiers.push(node);
    node.forEachChild(visit);
  };
  for (const node of nodesOf(project, name)) {
    if (isClassDeclaration(node) || isInterfaceDeclaration(node)) {
      const members = new Set<Node>(node.members);
      const shown = new Set<Node>(publicMembers(node.members));
      node.forEachChild((child) => {
        if (!members.has(child) || shown.has(child)) visit(child);
      });
    } else visit(node);
  }
  const symbols = project.checker.getSymbolAtLocation(identifiers);
  return symbols.flatMap((symbol) => {
    if (symbol === undefined) return [];
    const target = meant(project, symbol);
    const [declaration] = target.declarations;
    return declaration !== undefined && declarations.test(declaration.path.split(sep).join("/")) && isTopLevel(project, target)
      ? [target]
      : [];
  });
}

function isTopLevel(project: Project, { flags, declarations: [first] }: Name): boolean {
  const kinds =
    SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias | SymbolFlags.Enum | SymbolFlags.Function | SymbolFlags.Variable;
  if ((flags & kinds) === 0) return false;
  const node = first?.resolve(project);
  const owner = node !== undefined && isVariableDeclaration(node) ? node.parent.parent.parent : node?.parent;
  return owner === node?.getSourceFile();
}

if (import.meta.main) {
  mkdirSync(join(root, "docs/api"), { recursive: true });
  for (const [path, text] of apiReports()) writeFileSync(join(root, path), text);
}
