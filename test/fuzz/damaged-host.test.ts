/* G05 G20 Hosts whose bytes are damaged at random: an exception that nobody catches would end the program. A failure tells its seed. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../support/fuzz-child.ts", import.meta.url));
const runs = Number(process.env["SREMOTE_RUNS"] ?? 1);

test("G20 nothing is thrown where nobody catches it, and each error is one of ours", { timeout: 60_000 * runs }, async () => {
  for (let run = 0; run < runs; run += 1) {
    const seed = 1 + run * 40;
    const child = fork(program, [String(seed), "40"], { silent: true });
    let said = "";
    child.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()));
    let isDone = false;
    child.on("message", () => (isDone = true));
    const [exitCode] = (await once(child, "close")) as [number | null];
    expect([isDone, exitCode], `seed ${seed}: ${said.slice(0, 4000)}`).toEqual([true, 0]);
  }
});
