/* Digests of large files in programs of their own, from the sources: what is published is tried with the packages. */
import { spawnSync } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const content = randomFillSync(Buffer.alloc((1 << 26) + 12_345));
const sha256 = createHash("sha256").update(content).digest("hex");
let directory: string;
let path: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sremote-digest-"));
  path = join(directory, "large");
  writeFileSync(path, content);
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ["may start no threads", ["--permission", "--allow-fs-read=*", "--allow-fs-write=*"], 0],
  ["may", [], 1],
])("a program that %s has the digest of its file, and ends by itself", (_, flags, threads) => {
  const module = fileURLToPath(new URL("../../packages/transfer/src/file-digest.ts", import.meta.url));
  const program = `
    import { openSync, readFileSync } from "node:fs";
    import { useDigests, writtenDigest } from ${JSON.stringify(module)};
    let threads = 0;
    process.on("worker", () => (threads += 1));
    useDigests();
    const digest = writtenDigest(openSync(${JSON.stringify(path)}), ${content.length});
    digest.update(readFileSync(${JSON.stringify(path)}));
    console.log(await digest.digest(), threads);`;
  const own = [
    "--disable-warning=ExperimentalWarning",
    "--disable-warning=SecurityWarning",
    "--conditions=@sremote/source",
    "--input-type=module",
  ];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...own, ...flags, "-e", program], { encoding: "utf8", timeout: 60_000 });
  expect([stdout, stderr, status]).toEqual([`${sha256} ${threads}\n`, "", 0]);
});
