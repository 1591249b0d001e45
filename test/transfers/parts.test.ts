/* Large files over connectors that keep no process: in parts, from which the next transfer goes on. */
import { appendFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connector } from "@sremote/connectors";
import { pull, push } from "@sremote/transfer";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostTemporaryName } from "../../packages/transfer/src/temporary.ts";
import { run } from "../../scripts/labs/run.ts";
import { limitedTo } from "../support/carriage.ts";
import { bareKinds, useBareHost } from "../support/bare-hosts.ts";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";
import { content, megabyte } from "./content.ts";
import { leftOver } from "./trees.ts";

const kinds = hostKinds.filter(({ name }) =>
  ["three functions", isNightly ? "ssh without sessions" : "local without sessions"].includes(name),
);
afterAll(stopSshd);

let directory: string;
let host: TestHost;

describe.each(kinds)("over $name", (each) => cases(() => each.start()));
describe("on a host without Python", () => {
  const { start } = useBareHost(bareKinds[0]!);
  cases(() => start());
});

function cases(start: () => Promise<TestHost>): void {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "sremote-parts-"));
    host = await start();
  });
  afterEach(async () => {
    await host.connector.close();
    await host[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  /** The host, and a signal that is aborted when a second part of content has gone over it. */
  const untilSecondPart = (): [Connector, { signal: AbortSignal }] => {
    const control = new AbortController();
    return [afterParts(host.connector, 2, () => control.abort()), { signal: control.signal }];
  };

  test("G26 a push that is broken off leaves an unfinished file, and the next one goes on from there", async () => {
    const bytes = content(21 * megabyte + 5);
    await writeFile(join(directory, "big"), bytes);
    const [broken, options] = untilSecondPart();
    expect((await rejection(push(broken, join(directory, "big"), `${host.home}/to/big`, options))).code).toBe("cancelled");
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
    const [broken, options] = untilSecondPart();
    const error = await rejection(pull(broken, `${host.home}/big`, join(directory, "back/big"), options));
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
    const partial = hostTemporaryName("big");
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
    const grows = afterParts(host.connector, 1, () => appendFileSync(join(directory, "from/growing"), "more"));
    const result = await push(grows, join(directory, "from"), `${host.home}/to`);
    expect(result).toMatchObject({ ok: false, failures: [{ path: "growing", errno: "ECHANGED" }] });
    expect(await readdir(`${host.home}/to`)).toEqual([]);
  });
}

/** The same host; `then` is called once, when so many operations have moved as much as a part of a file. */
function afterParts(connector: Connector, parts: number, then: () => void): Connector {
  let seen = 0;
  /** Of a request in a file, which has arrived when the answer has been fetched. */
  let pushed = 0;
  const moved = (bytes: number): void => {
    if (bytes < 4 * megabyte) return;
    seen += 1;
    if (seen === parts) then();
  };
  const sizeOf = (input: Uint8Array | readonly Uint8Array[] = []): number =>
    input instanceof Uint8Array ? input.length : input.reduce((sum, { length }) => sum + length, 0);
  return {
    ...limitedTo("pipes", connector),
    async exec(command, options) {
      const result = await connector.exec(command, options);
      moved(sizeOf(options?.stdin) + result.stdout.length);
      return result;
    },
    async push(source, path, options) {
      await connector.push(source, path, options);
      if (source instanceof Uint8Array) pushed = source.length;
    },
    async pull(path, sink, options) {
      if (!("write" in sink)) throw new Error("only into functions");
      let pulled = pushed;
      pushed = 0;
      const write = async (chunk: Uint8Array): Promise<void> => {
        pulled += chunk.length;
        await sink.write(chunk);
      };
      await connector.pull(path, { write }, options);
      moved(pulled);
    },
  };
}
