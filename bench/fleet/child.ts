/* Programs that are compared, each as a process of its own: ours, the floor and the peers alike. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { hostPython } from "../setting.ts";
import { interleaved, median } from "../statistics.ts";

export interface Usage {
  /** Milliseconds, from its start to its end. */
  wall: number;
  /** Milliseconds on processors, of it and of all below it. */
  cpu: number;
  /** MiB, the most at once of it and of all below it; null where it was not looked for. */
  memory: number | null;
}

export interface Program {
  command: readonly [string, ...string[]];
  env?: Readonly<Record<string, string>>;
  /** Throws unless the output is what it should be. */
  check?: (output: string) => void;
}

const measure = fileURLToPath(new URL("measure.py", import.meta.url));
const own = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A program of this folder, on our Node, with the built packages: what a user runs. @param told by JSON */
export function ownProgram(name: "ours.mjs" | "floor.mjs", told: Readonly<Record<string, unknown>>): Program["command"] {
  return [process.execPath, own(name), JSON.stringify(told)];
}

/** @throws Error with the end of what it said when it fails */
export async function take({ command, env = {}, check }: Program, what: "time" | "memory" = "time"): Promise<Usage> {
  // Nothing of the user's configuration, of any of them.
  const environment = { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), LANG: "C.UTF-8", ...env };
  const child = spawn(hostPython, ["-I", "-S", measure, what, ...command], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: environment,
  });
  const [output, errors, report] = [child.stdout, child.stderr, child.stdio[3] as Readable].map((stream) => text(stream!));
  const [code] = (await once(child, "close")) as [number | null];
  const said = await output!;
  if (code !== 0) throw new Error(`${command[0]}: exit ${String(code)}: ${`${said}\n${await errors!}`.trim().slice(-600)}`);
  check?.(said);
  return JSON.parse(await report!) as Usage;
}

export interface Row {
  program: Program;
  /** Makes things as they were before it; not measured. */
  before?: () => Promise<unknown>;
  /** Throws unless it did what it should. */
  after?: () => Promise<unknown>;
}

/** Rows that are no peer: their failure is a failure. */
export function isOurs(name: string): boolean {
  return name === "floor" || name.startsWith("sremote");
}

/** Medians of each row, without those peers that failed. */
export async function compare(
  rows: Readonly<Record<string, Row>>,
  { rounds, warmUp, memory = false }: { rounds: number; warmUp: number; memory?: boolean },
): Promise<Map<string, Usage>> {
  const takeOnce = async ({ program, before, after }: Row, what?: "memory"): Promise<Usage> => {
    await before?.();
    const usage = await take(program, what);
    await after?.();
    return usage;
  };
  const samples = Object.entries(rows).map(([name, row]) => {
    const sample = async (): Promise<readonly number[]> => {
      const { wall, cpu } = await takeOnce(row);
      return [wall, cpu];
    };
    return [name, sample] as const;
  });
  const values = await interleaved(Object.fromEntries(samples), { rounds, warmUp, optional: (name) => !isOurs(name) });
  const found = new Map<string, Usage>();
  for (const [name, taken] of values) {
    const held = memory ? (await takeOnce(rows[name]!, "memory")).memory : null;
    const part = (offset: number): number => median(taken.filter((_, index) => index % 2 === offset));
    found.set(name, { wall: part(0), cpu: part(1), memory: held });
  }
  return found;
}
