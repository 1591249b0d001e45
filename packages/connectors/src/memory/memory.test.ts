import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { ConnectError } from "@sremote/protocol";
import { shell } from "../connector.ts";
import { connectorCases } from "../testing/index.ts";
import { memory } from "./index.ts";
import { ofLayers } from "../../../../test/support/nightly.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

vi.setConfig({ maxConcurrency: 4 });

describe("memory", () => {
  for (const one of connectorCases()) (one.alone ? test : test.concurrent)(one.name, () => one.run(() => memory()));
});

describe("memory without standard input", () => {
  for (const one of connectorCases().filter(({ name }) => ofLayers.test(name))) {
    (one.alone ? test : test.concurrent)(one.name, () => one.run(() => memory({ acceptsStdin: false })));
  }
});

describe("faults", () => {
  test("fail-before: nothing happened; fail-after: it happened and the answer is lost", async () => {
    await using host = memory();
    const file = join(host.directory, "file");
    host.inject("push", { kind: "fail-before" });
    await expect(host.push(Uint8Array.of(1), file)).rejects.toMatchObject({ code: "connection-lost", host: "memory://" });
    expect(existsSync(file)).toBe(false);
    host.inject("push", { kind: "fail-after" });
    await expect(host.push(Uint8Array.of(1), file)).rejects.toBeInstanceOf(ConnectError);
    expect(existsSync(file)).toBe(true);
    await host.push(Uint8Array.of(2), file);
    expect([...(await readFile(file))]).toEqual([2]);
  });

  test("a fault meets the operation it was meant for, once, and the log tells", async () => {
    await using host = memory();
    host.inject("exec", { kind: "fail-before" }, 1);
    expect((await host.exec(["true"])).exitCode).toBe(0);
    await expect(host.exec(["false"])).rejects.toBeInstanceOf(ConnectError);
    expect((await host.exec(["true"])).exitCode).toBe(0);
    expect(host.operations).toEqual([
      { name: "exec", command: ["true"] },
      { name: "exec", command: ["false"], fault: { kind: "fail-before" } },
      { name: "exec", command: ["true"] },
    ]);
  });

  test("a delayed operation begins when it is released, and can be cancelled before", async () => {
    await using host = memory();
    const { promise, resolve } = Promise.withResolvers<void>();
    host.inject("exec", { kind: "delay", until: promise });
    const delayed = host.exec(shell("echo > begun"));
    await host.exec(["true"]);
    expect(existsSync(join(host.directory, "begun"))).toBe(false);
    resolve();
    await delayed;
    expect(existsSync(join(host.directory, "begun"))).toBe(true);

    host.inject("exec", { kind: "delay", until: new Promise(() => {}) });
    await expect(host.exec(["true"], { timeout: 20 })).rejects.toMatchObject({ code: "timeout" });
  });

  test("output is cut after so many bytes", async () => {
    await using host = memory();
    host.inject("exec", { kind: "cut", bytes: 3 });
    expect(text((await host.exec(["echo", "abcdef"])).stdout)).toBe("abc");
  });

  test("one bit is wrong in what exec prints, push stores and pull brings", async () => {
    await using host = memory();
    const file = join(host.directory, "file");
    host.inject("exec", { kind: "corrupt" });
    expect(text((await host.exec(["printf", "abc"])).stdout)).toBe("acc");
    host.inject("push", { kind: "corrupt" });
    await host.push(Buffer.from("abc"), file);
    expect(await readFile(file, "utf8")).toBe("acc");
    await writeFile(file, "abc");
    host.inject("pull", { kind: "corrupt" });
    const target = join(host.directory, "target");
    await host.pull(file, { path: target });
    expect(await readFile(target, "utf8")).toBe("acc");
  });

  test("the private directory is HOME, and is gone after close", async () => {
    const host = memory();
    expect(text((await host.exec(shell('printf %s "$HOME"; cd; pwd'))).stdout)).toBe(`${host.directory}${host.directory}\n`);
    await host.close();
    expect(existsSync(host.directory)).toBe(false);
  });
});
