/* What a generator prints while it is iterated, in both runtimes: nothing is lost, nothing waits for ever, and all of it is the call's (docs/sessions.md, "Generators"). */
import { RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plant } from "../support/effects.ts";
import { hostKinds, runtimes, type TestHost } from "../support/hosts.ts";

const python = `
def items(count, size):
    for n in range(count):
        print(str(n) * size)
        yield n
    print("end")
`;
const node = `
export function* items(count, size) {
  for (let n = 0; n < count; n++) {
    process.stdout.write(String(n).repeat(size) + "\\n");
    yield n;
  }
  console.log("end");
}
`;
/** More than the host may send before it is given credit. */
const large = 700_000;

let host: TestHost;
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
  await plant(host.home, "work/prints.py", python);
  await plant(host.home, "work/prints.mjs", node);
});
afterAll(() => host[Symbol.asyncDispose]());

describe.each(runtimes)("a generator of %s", (runtime) => {
  const module = runtime === "python" ? "prints" : "./prints.mjs";
  const text = (count: number, size: number): string => Array.from({ length: count }, (_, n) => `${String(n).repeat(size)}\n`).join("");
  let client: RemoteClient;
  beforeAll(() => {
    client = new RemoteClient(host.again(), { runtime, pwdDir: "work" });
  });
  afterAll(() => client.close());

  test.each([0, 3])("prints into its call's result, with %i items asked for ahead", { timeout: 30_000 }, async (prefetch) => {
    const call = client.call(module, "items", [5, 1], { prefetch });
    const { stdout: before } = { ...(await call) };
    expect(before).toBe("");
    for await (const item of (await call).value as AsyncIterable<number>) expect((await call).stdout).toContain(`${item}\n`);
    expect((await call).stdout).toBe(`${text(5, 1)}end\n`);
    const long = client.call(module, "items", [4, large], { prefetch, outputLimit: large + 10 });
    for await (const _ of long.items());
    const { output } = await long;
    const whole = Buffer.from(`${text(4, large)}end\n`);
    expect([output.stdout.total, output.stdout.truncated]).toEqual([whole.length, true]);
    expect(Buffer.compare(output.stdout.bytes, whole.subarray(0, large + 10))).toBe(0);
  });

  test("prints to whoever reads, also with items asked for ahead", { timeout: 30_000 }, async () => {
    const call = client.call(module, "items", [4, large], { prefetch: 3 });
    const read = (async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of call.stdout.bytes()) chunks.push(Uint8Array.from(chunk));
      return Buffer.concat(chunks).toString();
    })();
    for await (const _ of call.items());
    expect((await read) === `${text(4, large)}end\n`).toBe(true);
    expect((await call).stdout).toBe("");
  });
});
