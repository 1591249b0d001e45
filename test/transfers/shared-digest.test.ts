/* One digest for all hosts that get the same file, and what each of them verifies by it. */
import { randomFillSync } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type Connector, local } from "@sremote/connectors";
import { push } from "@sremote/transfer";
import { afterAll, beforeAll, expect, test } from "vitest";

const size = 1 << 26;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-shared-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A host whose input stops after some MiB, until the gate opens. */
function slowHost(gate: Promise<void>): { host: Connector; stopped: Promise<void> } {
  const host = local();
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  return {
    stopped,
    host: {
      ...host,
      spawn: async (command, options) => {
        const { stdin, stdout, stderr, exit, ...rest } = await host.spawn!(command, options);
        let taken = 0;
        const gated = new Writable({
          write(chunk: Buffer, _encoding, callback) {
            taken += chunk.length;
            const pass = (): void => void stdin.write(chunk, callback);
            if (taken < 1 << 21) return pass();
            stop();
            gate.then(pass, callback);
          },
          final: (callback) => void stdin.end(callback),
          destroy(error, callback) {
            stdin.destroy();
            callback(error);
          },
        });
        stdin.on("error", () => {});
        const dispose = async (): Promise<void> => {
          stdin.destroy();
          stdout.resume();
        };
        return { ...rest, stdin: gated, stdout, stderr, exit, kill: async () => {}, [Symbol.asyncDispose]: dispose };
      },
    },
  };
}

test("G26 a file that changes between two hosts is not copied to the second, though its time and size are the same", async () => {
  const source = join(directory, "file");
  const content = randomFillSync(Buffer.alloc(size));
  await writeFile(source, content);
  await utimes(source, 1000, 1000);
  const gate = Promise.withResolvers<void>();
  const { host, stopped } = slowHost(gate.promise);
  await using first = local();
  const late = push(host, source, join(directory, "second"));
  await stopped;
  expect(await push(first, source, join(directory, "first"))).toMatchObject({ ok: true, files: 1 });
  await using file = await open(source, "r+");
  await file.write(Buffer.from("another end"), 0, 11, size - 11);
  await utimes(source, 1000, 1000);
  gate.resolve();
  expect(await late).toMatchObject({ ok: false, files: 0, failures: [{ path: "second", errno: "EDIGEST" }] });
  expect((await readFile(join(directory, "first"))).equals(content)).toBe(true);
  expect((await readdir(directory)).toSorted()).toEqual(["file", "first"]);
  // Who is sent all of it now gets all of it.
  expect(await push(first, source, join(directory, "third"))).toMatchObject({ ok: true, files: 1 });
  expect((await readFile(join(directory, "third"))).equals(await readFile(source))).toBe(true);
  await host.close();
});
