/* The programs of examples/, each started by its one command. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureTables, tablesPython } from "../../scripts/setup-tables.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let home: string;
let running: ChildProcess | undefined;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sremote-example-"));
});
afterEach(async () => {
  if (running !== undefined && running.exitCode === null) {
    running.kill("SIGKILL");
    await once(running, "close");
  }
  running = undefined;
  rmSync(home, { recursive: true });
});

/** Starts one and resolves to its address, once it tells it. */
async function start(name: string, env: Record<string, string> = {}): Promise<string> {
  const child = spawn(process.execPath, [join(root, "scripts/example.ts"), name], {
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /^(http:\/\/127\.0\.0\.1:\d+) /.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`${name} ended without an address`);
}

async function end(): Promise<number | null> {
  running!.kill("SIGTERM");
  await once(running!, "close");
  return running!.exitCode;
}

/** The events of a stream, as they come. */
async function* eventsOf(address: string, signal?: AbortSignal): AsyncGenerator<{ event: string; data: unknown }> {
  const response = await fetch(address, { signal: signal ?? null });
  let rest = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n\n");
    rest = parts.pop()!;
    for (const part of parts) {
      const [, event = "", data = ""] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
      yield { event, data: JSON.parse(data) };
    }
  }
}

test("live-output shows lines while the function runs, and its result", async () => {
  const address = await start("live-output");
  expect(await (await fetch(address)).text()).toContain("EventSource");
  const events = await Array.fromAsync(eventsOf(`${address}/run?steps=2`));
  expect(events).toEqual([
    { event: "line", data: "step 1 of 2: 1.0000" },
    { event: "line", data: "step 2 of 2: 1.5000" },
    { event: "line", data: "ends at 1.5000" },
    { event: "done", data: 1.5 },
  ]);
  expect(await end()).toBe(0);
});

test("live-output ends the function when the page is left", async () => {
  const address = await start("live-output");
  // As many as run at once, each for minutes: unless they end, the next one waits.
  for (let left = 0; left < 8; left++) {
    const control = new AbortController();
    for await (const { event } of eventsOf(`${address}/run?steps=1000`, control.signal)) {
      expect(event).toBe("line");
      break;
    }
    control.abort();
  }
  const events = await Array.fromAsync(eventsOf(`${address}/run?steps=1`, AbortSignal.timeout(20_000)));
  expect(events.at(-1)).toEqual({ event: "done", data: 1 });
  expect(await end()).toBe(0);
});

test("data-table sends a table to pandas and draws what comes back", async () => {
  expect(ensureTables()).toEqual([]);
  const address = await start("data-table", { PYTHON: tablesPython });
  const months = (await (await fetch(`${address}/months.json`)).json()) as { month: number; mean: number; count: number }[];
  expect(months.map(({ month }) => month)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  // 365 days, of which every ninth was not measured.
  expect(months.reduce((sum, { count }) => sum + count, 0)).toBe(365 - 40);
  const [january, july] = [months[0]!, months[6]!];
  expect(january.mean).toBeLessThan(5);
  expect(july.mean).toBeGreaterThan(15);
  expect((await (await fetch(address)).text()).match(/<circle /g)).toHaveLength(12);
  expect(await end()).toBe(0);
});
