import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { codes } from "./code.ts";
import { limits } from "./limits.ts";

const specification = readFileSync(new URL("../PROTOCOL.md", import.meta.url), "utf8");
const messageSource = readFileSync(new URL("message.ts", import.meta.url), "utf8");

/** The text below a heading, up to the next of the same or a higher level. */
function section(title: string, level: number): string {
  const start = specification.indexOf(`\n${"#".repeat(level)} ${title}\n`);
  expect(start, `the heading ${title}`).toBeGreaterThan(0);
  const rest = specification.slice(start + level + title.length + 2);
  const end = rest.search(new RegExp(`\\n#{1,${level}} `));
  return end < 0 ? rest : rest.slice(0, end);
}

/** Names in backquotes in the first column of the tables of a section. */
function firstColumn(text: string): string[] {
  const cells = [...text.matchAll(/^\| (`[^|]*`) \|/gm)].map((match) => match[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
}

/** Members of an interface, as written in the source. */
function membersOf(name: string): string[] {
  const body = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(messageSource);
  expect(body, `the interface ${name}`).not.toBeNull();
  return [...body![1]!.matchAll(/^ {2}(\w+)\??:/gm)].map((match) => match[1]!);
}

describe("PROTOCOL.md and the types", () => {
  it("name the same messages", () => {
    const headings = [...section("Messages", 2).matchAll(/^### (.+)$/gm)].map((match) => match[1]!);
    // Messages are written in lower case, as on the wire; the other headings explain a part of them.
    const messages = headings.filter((heading) => heading === heading.toLowerCase());
    const types = [...messageSource.matchAll(/^ {2}type: "(.+)";$/gm)].map((match) => match[1]!);
    expect(messages.toSorted()).toEqual(types.toSorted());
    expect(types.length).toBeGreaterThan(0);
  });

  it.each([
    ["call", "CallMessage"],
    ["reply", "ReplyMessage"],
  ])("give %s the same members", (heading, type) => {
    expect(firstColumn(section(heading, 3)).toSorted()).toEqual(membersOf(type).toSorted());
  });

  it("name the same outcomes", () => {
    const type = /export type Outcome = (.*);/.exec(messageSource)![1]!;
    expect(firstColumn(section("Outcomes", 3))).toEqual([...type.matchAll(/"([^"]+)"/g)].map((match) => match[1]!));
  });

  it("give a failure the same members and stages", () => {
    const text = section("Failure", 3).replaceAll(/\s+/g, " ");
    for (const member of membersOf("Failure")) expect(text).toContain(`\`${member}\``);
    const stages = [.../export type Stage = (.*);/.exec(messageSource)![1]!.matchAll(/"([^"]+)"/g)].map((match) => match[1]!);
    expect(text).toContain(`(${stages.map((stage) => `\`${stage}\``).join(", ")})`);
  });

  it("state the same limits", () => {
    const plain = specification.replaceAll(/(?<=\d) (?=\d{3})/g, "");
    for (const limit of [
      limits.header,
      limits.body,
      limits.attachments,
      limits.headerDepth,
      limits.valueDepth,
      limits.numberText,
      limits.bigintDigits,
      limits.dimensions,
      limits.output,
      limits.failureDepth,
    ]) {
      expect(plain).toMatch(new RegExp(`(?<!\\d)${limit}(?!\\d)`));
    }
  });
});

describe("error codes", () => {
  const packages = fileURLToPath(new URL("../../", import.meta.url));
  const files = globSync("*/{src,node}/**/*.ts", { cwd: packages }).filter((file) => !file.endsWith(".test.ts"));
  const used = files.flatMap((file) => {
    const source = readFileSync(`${packages}${file}`, "utf8");
    return [
      ...source.matchAll(
        /\b(?:Sremote|Connect|Transfer|RemoteNotSetup|RemoteModules|RemoteExec|OutcomeUnknown|Protocol)Error\(\s*"([^"]*)"/g,
      ),
    ].map((match) => ({ file, code: match[1]! }));
  });

  it("are used, and only such as the list has", () => {
    expect(used.length).toBeGreaterThan(10);
    expect(used.filter(({ code }) => !Object.hasOwn(codes, code))).toEqual([]);
  });

  it("each say what happened", () => {
    for (const [code, meaning] of Object.entries(codes)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(meaning.length).toBeGreaterThan(10);
    }
  });
});
