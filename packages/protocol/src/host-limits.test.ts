/* docs/security.md and the tables of limits say the same, and no limit stands elsewhere. */
import { globSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hostLimits } from "./host-limits.ts";
import { limits } from "./limits.ts";
import { sessionLimits } from "./session/packet.ts";

const root = new URL("../../../", import.meta.url);
const page = readFileSync(new URL("docs/security.md", root), "utf8");
const { packetPayload, outputCredit } = sessionLimits;
const all: Readonly<Record<string, number>> = { ...hostLimits, ...limits, packetPayload, outputCredit };

/** Cells of the table's rows by the name in the first. */
const rows = new Map([...page.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, name, rest]) => [name!, rest!.split(" | ")]));

/** How the page may write a number. */
function spellings(limit: number): string[] {
  const units = ["bytes", "KiB", "MiB", "GiB"].map((unit, power) => [limit / 1024 ** power, unit] as const);
  return [limit.toLocaleString("en-US"), ...units.filter(([count]) => Number.isInteger(count)).map(([count, unit]) => `${count} ${unit}`)];
}

describe("docs/security.md", () => {
  it("G20 has each limit, what it is of, its number, and what happens beyond it", () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(all).toSorted());
    for (const [name, [of = "", most = "", beyond = ""]] of rows) {
      expect(
        spellings(all[name]!).some((spelling) => most === spelling || most.startsWith(`${spelling} `)),
        `${name} is ${all[name]}, the page says ${most}`,
      ).toBe(true);
      expect([of, beyond], name).not.toContain("");
    }
  });
});

/** Sizes that bound nothing a host feeds: what is read or sent here, keys and the agent of this machine. */
const ours: Readonly<Record<string, readonly string[]>> = {
  protocol: ["table/column-parts.ts", "table/column.ts"],
  connectors: [
    "own-bytes.ts",
    "ssh/agent.ts",
    "ssh/identity.ts",
    "process/start-line.ts",
    "transfer/source.ts",
    "rest/settings.ts",
    "rest/script-runner.ts",
    "rest/sfapi/sfapi-1-2.ts",
    "rest/firecrest/firecrest-2.ts",
    "rest/jupyter/program.ts",
  ],
  client: ["call/pins.ts", "map/chunk-size.ts"],
  endpoint: [],
  transfer: [
    ...["local-sender", "shell-read", "file-digest", "delta", "local-hash", "digest-worker", "chunks", "parts"].map((name) => `${name}.ts`),
    ...["incoming-file", "changes", "digest-thread", "exchange"].map((name) => `${name}.ts`),
  ],
  process: ["output.ts", "output-memory.ts"],
  fleet: ["run/gathered.ts"],
  sremote: [],
  cli: ["diagnosis.ts"],
};

describe("sources", () => {
  it("G20 have no limit beside the tables: it belongs there, or among those that bound nothing a host feeds", () => {
    const size = /^(?:export )?const .*=.*(?:1024 ?\*|\* ?1024|<< ?\d|2 \*\* ?(?!31)\d)/m;
    expect(Object.keys(ours).toSorted()).toEqual(readdirSync(new URL("packages", root)).toSorted());
    for (const [name, expected] of Object.entries(ours)) {
      const directory = fileURLToPath(new URL(`packages/${name}/src/`, root));
      const files = globSync("**/*.ts", { cwd: directory, exclude: ["**/*.test.ts", "testing/**"] });
      const found = files.filter((file) => size.test(readFileSync(`${directory}${file}`, "utf8")));
      expect(found.map((file) => file.replaceAll("\\", "/")).toSorted(), name).toEqual(expected.toSorted());
    }
  });
});
