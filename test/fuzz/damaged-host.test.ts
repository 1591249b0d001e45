/* G05 G20 Hosts whose bytes are damaged at random: an exception that nobody catches would end the program. A failure tells its seed. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const programs = {
  "sessions and services": { file: "fuzz-child.ts", args: [], rounds: 40 },
  "commands, calls, runs and transfers over ssh()": { file: "damaged-link-child.ts", args: ["ssh"], rounds: 6 },
  "commands, calls, runs and transfers over openssh()": { file: "damaged-link-child.ts", args: ["openssh"], rounds: 6 },
};
const runs = Number(process.env["SREMOTE_RUNS"] ?? 1);

const name = "G20 nothing is thrown where nobody catches it, each error is one of ours, and what is believed is right: %s";
test.each(Object.entries(programs))(name, { timeout: 120_000 * runs }, async (_, { file, args, rounds }) => {
  const program = fileURLToPath(new URL(`../support/${file}`, import.meta.url));
  for (let run = 0; run < runs; run += 1) {
    const seed = 1 + run * rounds;
    const child = fork(program, [...args, String(seed), String(rounds)], { silent: true });
    let said = "";
    child.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()));
    let isDone = false;
    child.on("message", () => (isDone = true));
    const [exitCode] = (await once(child, "close")) as [number | null];
    expect([isDone, exitCode], `seed ${seed}: ${said.slice(0, 4000)}`).toEqual([true, 0]);
  }
});
