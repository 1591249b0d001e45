/* G35: a file of a gigabyte moves in constant memory. */
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";

const program = fileURLToPath(new URL("memory-program.ts", import.meta.url));
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-large-"));
  const file = await open(join(directory, "large"), "w");
  await file.truncate(2 ** 30);
  await file.write("end", 2 ** 30 - 3);
  await file.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test.each(["push", "pull"])("G35 a %s of 1 GiB", async (direction) => {
  const to = join(directory, "copy");
  const printed = await run(process.execPath, ["--conditions=@sremote/source", program, direction, join(directory, "large"), to]);
  const { grown, ...result } = JSON.parse(printed) as { grown: number; ok: boolean; bytes: number };
  expect(result).toEqual({ ok: true, bytes: 2 ** 30 });
  expect(grown).toBeLessThan(256);
  expect((await stat(to)).size).toBe(2 ** 30);
  await rm(to);
});
