/* The tables "Limits" of PROTOCOL.md and SESSION.md, and what the sources of client, Python and Node say. */
import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hostLimits, limits, sessionLimits } from "@sremote/protocol";
import * as nodeLimits from "../../packages/endpoint/node/wire/limits.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

type Holder = "client" | "Python" | "Node";
interface Row {
  name: string;
  /** Bytes, seconds or in number. */
  value: number;
  unit: string;
  holders: Holder[];
}

/** Rows of the tables with the head `limit`, `value`, `held by`. */
function rowsOf(document: string): Row[] {
  const row = /^\| `(\w+)` \| ([\d. ]+?)(?: (bytes|s))? \| ((?:(?:client|Python|Node)(?:, )?)+) \| [^|]+ \|$/;
  const rows: Row[] = [];
  let isInTable = false;
  for (const line of document.split("\n")) {
    if (line.startsWith("| limit | value | held by |")) isInTable = true;
    else if (!line.startsWith("|")) isInTable = false;
    else if (isInTable && !line.startsWith("|---")) {
      const [, name, value, unit, holders] = row.exec(line) ?? [];
      if (name === undefined) throw new Error(`not a row of limits: ${line}`);
      rows.push({ name, value: Number(value!.replaceAll(" ", "")), unit: unit ?? "", holders: holders!.split(", ") as Holder[] });
    }
  }
  return rows;
}

const rows = ["PROTOCOL.md", "SESSION.md"].flatMap((name) => rowsOf(read(`packages/protocol/${name}`)));

/** Constants that are numbers, in these files. */
function constants(pattern: string): Map<string, number> {
  const root = new URL("../../", import.meta.url).pathname;
  const texts = globSync(pattern, { cwd: root }).map((file) => read(file));
  const found = texts.flatMap((text) => [...text.matchAll(/^(?:export )?(?:const )?(\w+) = ([\d._]+);?$/gm)]);
  return new Map(found.map(([, name, value]) => [name!, Number(value!.replaceAll("_", ""))]));
}

const python = constants("packages/endpoint/python/sremote_endpoint/wire/limits.py");
/** Versions and forms of the wire, not limits. */
const notLimits = new Set(["PROTOCOL", "CONTAINER", "PREFIX", "SAFE_INTEGER"]);
const ofWire = new Map<string, number>(Object.entries({ ...limits, ...sessionLimits }));
/** Of what is not of this protocol. */
ofWire.delete("foreignJsonMemory");
const own = new Map<string, number>(Object.entries(nodeLimits));
const ofClient = new Map<string, number>([
  ...constants("packages/client/src/{code,session}/*.ts"),
  ...Object.entries(hostLimits),
  ...ofWire,
]);

/** As the source of that side has it, in the unit of the table. */
function valueOf(holder: Holder, { name, unit }: Row): number | undefined {
  if (holder === "Python") return python.get(upperCase(name));
  const found = holder === "client" ? ofClient.get(name) : (own.get(name) ?? ofWire.get(name));
  return found === undefined || unit !== "s" ? found : found / 1000;
}

function upperCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

describe("the tables of limits", () => {
  test.each(rows.flatMap((row) => row.holders.map((holder) => [row.name, holder, row] as const)))(
    "say of %s what is true of %s",
    (_name, holder, row) => {
      expect(valueOf(holder, row)).toBe(row.value);
    },
  );

  test.each([
    ["client", [...ofWire.keys()]],
    ["Node", [...own.keys()]],
    ["Python", [...python.keys()].filter((name) => !notLimits.has(name))],
  ] as const)("name each limit of %s", (holder, names) => {
    const named = new Set(
      rows.filter(({ holders }) => holders.includes(holder)).map(({ name }) => (holder === "Python" ? upperCase(name) : name)),
    );
    expect(names.filter((name) => !named.has(name))).toEqual([]);
  });

  test("name no limit twice for one side", () => {
    const all = rows.flatMap(({ name, holders }) => holders.map((holder) => `${name} of ${holder}`));
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });
});
