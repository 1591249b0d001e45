/* How many HTTP requests things take: fewest wins. The figures are those of docs/connectors-rest.md. */
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { shell } from "@sremote/connectors";
import { describe, expect, test } from "vitest";
import { peaceful } from "../stubs/hostile-server.ts";
import { restKinds, restVariants } from "./dialects.ts";
import type { RestHost } from "./dialects.ts";

const megabyte = 1_000_000;

/** Requests that some work takes, without those that ask whether a task or job has ended: of these there are as many as it takes. */
async function requests(host: RestHost, work: () => Promise<unknown>): Promise<number> {
  host.server.take();
  await work();
  return host.server.take().filter(({ purpose }) => purpose !== "poll").length;
}

describe.concurrent.each([...restKinds, ...restVariants])("requests over $name", (kind) => {
  const { most } = kind;
  test("the first command, another one, one with input, and closing", async () => {
    await using host = await kind.start(peaceful);
    const connector = host.connect();
    expect(await requests(host, () => connector.exec(["true"]))).toBeLessThanOrEqual(most.first);
    expect(await requests(host, () => connector.exec(shell("echo x; echo y >&2")))).toBeLessThanOrEqual(most.exec);
    expect(await requests(host, () => connector.exec(["cat"], { stdin: new Uint8Array(100_000) }))).toBeLessThanOrEqual(most.exec);
    expect(await requests(host, () => connector.close())).toBeLessThanOrEqual(most.close);
  });

  test("a call, the first one included, and one with a megabyte each way", async () => {
    await using host = await kind.start(peaceful);
    await using client = new RemoteClient(host.connect());
    expect(await requests(host, () => client.doRemoteCall("os", "getpid"))).toBeLessThanOrEqual(most.first);
    expect(await requests(host, () => client.doRemoteCall("os", "getpid"))).toBeLessThanOrEqual(most.exec);
    const bytes = new Uint8Array(megabyte);
    expect(await requests(host, () => client.doRemoteCall("builtins", "bytes", [bytes]))).toBeLessThanOrEqual(most.megabyteCall);
  });

  test("files: 20 MB pushed and pulled", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect();
    await connector.exec(["true"]);
    const path = join(host.sandbox.home, "file");
    const bytes = new Uint8Array(20 * megabyte);
    expect(await requests(host, () => connector.push(bytes, path))).toBeLessThanOrEqual(most.push20);
    expect(await requests(host, () => connector.pull(path, { write() {} }))).toBeLessThanOrEqual(most.pull20);
  });
});
