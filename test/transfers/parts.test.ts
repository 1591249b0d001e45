/* Large files over connectors that keep no process: in parts, from which the next transfer goes on. */
import { appendFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pull, push, type TransferProgress } from "@sremote/fleet";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";
import { content, megabyte } from "./content.ts";
import { leftOver } from "./trees.ts";

const kinds = hostKinds.filter(({ name }) => ["three functions", "ssh without sessions"].includes(name));
afterAll(stopSshd);

let directory: string;
let host: TestHost;

describe.each(kinds)("over $name", (each) => {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "sremote-parts-"));
    host = await each.start();
  });
  afterEach(async () => {
    await host.connector.close();
    await host[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  /** Ends a transfer when it has told of the first part of its content. */
  const afterFirstPart = (): { signal: AbortSignal; onProgress: (progress: TransferProgress) => void } => {
    const control = new AbortController();
    return { signal: control.signal, onProgress: ({ bytes }) => bytes > 0 && control.abort() };
  };

  test("G26 a push that is broken off leaves an unfinished file, and the next one goes on from there", async () => {
    const bytes = content(21 * megabyte + 5);
    await writeFile(join(directory, "big"), bytes);
    expect((await rejection(push(host.connector, join(directory, "big"), `${host.home}/to/big`, afterFirstPart()))).code).toBe("cancelled");
    const [partial, ...others] = await leftOver(host.home);
    expect(others).toEqual([]);
    expect(await readdir(join(host.home, "to"))).toHaveLength(1);
    const { size } = await stat(partial!);
    expect(size).toBeGreaterThanOrEqual(4 * megabyte);
    expect(size).toBeLessThan(bytes.length);
    const result = await push(host.connector, join(directory, "big"), `${host.home}/to/big`);
    expect(result).toMatchObject({ ok: true, files: 1, bytes: bytes.length, transferred: bytes.length - size });
    expect((await readFile(`${host.home}/to/big`)).equals(bytes)).toBe(true);
    expect(await leftOver(host.home)).toEqual([]);
  });

  test("G26 a pull that is broken off leaves an unfinished file, and the next one goes on from there", async () => {
    const bytes = content(21 * megabyte + 5);
    await writeFile(`${host.home}/big`, bytes);
    const error = await rejection(pull(host.connector, `${host.home}/big`, join(directory, "back/big"), afterFirstPart()));
    expect(error.code).toBe("cancelled");
    const [partial, ...others] = await readdir(join(directory, "back"));
    expect(others).toEqual([]);
    const { size } = await stat(join(directory, "back", partial!));
    expect(size).toBeGreaterThanOrEqual(4 * megabyte);
    expect(size).toBeLessThan(bytes.length);
    const result = await pull(host.connector, `${host.home}/big`, join(directory, "back/big"));
    expect(result).toMatchObject({ ok: true, transferred: bytes.length - size });
    expect((await readFile(join(directory, "back/big"))).equals(bytes)).toBe(true);
    expect(await readdir(join(directory, "back"))).toEqual(["big"]);
  });

  test("G26 a beginning that is another file's, or with `resume: false`, is not gone on from", async () => {
    const bytes = content(9 * megabyte);
    await mkdir(join(directory, "from"));
    await writeFile(join(directory, "from/big"), bytes);
    const partial = ".big.sremote-0123456789abcdef";
    await mkdir(`${host.home}/to`);
    for (const [beginning, options] of [
      [content(5 * megabyte, 7), {}],
      [bytes.subarray(0, 5 * megabyte), { resume: false }],
    ] as const) {
      await writeFile(`${host.home}/to/${partial}`, beginning);
      await rm(`${host.home}/to/big`, { force: true });
      // The tests are root, the account on the host is not.
      await run("chown", ["-R", `--reference=${host.home}`, `${host.home}/to`]);
      const result = await push(host.connector, join(directory, "from"), `${host.home}/to`, { ...options, delete: true });
      expect(result).toMatchObject({ ok: true, transferred: bytes.length });
      expect((await readFile(`${host.home}/to/big`)).equals(bytes)).toBe(true);
    }
  });

  test("a file that grows between its parts is not copied, and leaves nothing", async () => {
    await mkdir(join(directory, "from"));
    await writeFile(join(directory, "from/growing"), content(9 * megabyte));
    await writeFile(join(directory, "from/other"), "fine");
    let parts = 0;
    const onProgress = ({ bytes }: TransferProgress): void => {
      if (bytes < 4 * megabyte || parts++ > 0) return;
      appendFileSync(join(directory, "from/growing"), "more");
    };
    const result = await push(host.connector, join(directory, "from"), `${host.home}/to`, { onProgress });
    expect(parts).toBeGreaterThan(0);
    expect(result).toMatchObject({ ok: false, failures: [{ path: "growing", errno: "ECHANGED" }] });
    expect(await readdir(`${host.home}/to`)).toEqual(["other"]);
  });
});
