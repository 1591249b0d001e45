/* What a program does with the arguments after it made a call changes nothing of what is sent: batches emptied, buffers filled anew. */
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { fleet } from "@sremote/fleet";
import { InvalidArgumentError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { type Carriage, limitedTo } from "../support/carriage.ts";
import { rejection } from "../support/rejection.ts";

const ways: Carriage[] = ["session", "pipes"];
const mebibyte = 1 << 20;

describe.each(ways)("arguments are taken when the call is made, over %s", (way) => {
  const client = (): RemoteClient => new RemoteClient(limitedTo(way, local()));

  test("of lists, objects, keywords and options that change before the first call is sent", async () => {
    await using own = client();
    const item = { n: "before" };
    const kwargs = { key: "before" };
    const options = { kwargs, env: { TAKEN: "before" }, timeout: 60_000 };
    const variable = own.doRemoteCall("os", "getenv", ["TAKEN"], options.env === undefined ? {} : { env: options.env });
    const repr = own.doRemoteCall("builtins", "repr", [item]);
    const dict = own.doRemoteCall("builtins", "dict", [], options);
    const named = { width: 5, text: "aa bbb" };
    const shortened = own.doRemoteCall("textwrap", "shorten", named);
    options.env.TAKEN = item.n = kwargs.key = named.text = "after";
    options.timeout = 1;
    expect((await repr).value).toBe("{'n': 'before'}");
    expect((await dict).value).toEqual({ key: "before" });
    expect((await variable).value).toBe("before");
    expect((await shortened).value).toBe("[...]");
  });

  test("of batches that are emptied and buffers that are filled anew in the same turn, once the session is there", async () => {
    await using own = client();
    await own.doRemoteCall("os", "getpid");
    const batch: number[] = [];
    const buffer = Buffer.alloc(100_000);
    const sums: Promise<{ value: unknown }>[] = [];
    for (let value = 1; value <= 3; value++) {
      batch.push(value);
      buffer.fill(value);
      sums.push(own.doRemoteCall("builtins", "sum", [batch]), own.doRemoteCall("builtins", "sum", [buffer.subarray(0, 8)]));
      sums.push(own.doRemoteCall("builtins", "sum", [buffer]));
      batch.length = 0;
    }
    const expected = [1, 2, 3].flatMap((value) => [value, 8 * value, 100_000 * value]);
    expect((await Promise.all(sums)).map(({ value }) => value)).toEqual(expected);
  });

  test("a buffer too long to be copied that changes while it is sent is an error that names it, and nothing runs", async () => {
    await using own = client();
    await own.doRemoteCall("os", "getpid");
    const filled = new Uint8Array(8 * mebibyte).fill(1);
    const first = rejection(own.doRemoteCall("builtins", "sum", [1, filled]), InvalidArgumentError);
    filled.fill(2);
    const second = new Uint8Array(8 * mebibyte);
    const transferred = rejection(own.doRemoteCall("builtins", "dict", { data: second }), InvalidArgumentError);
    structuredClone(second.buffer, { transfer: [second.buffer] });
    expect((await first).message).toContain("args[1] must not change until the call has ended, but was ");
    expect((await transferred).message).toContain("kwargs.data");
    // Unchanged it arrives, and what was refused has harmed nothing else.
    expect((await own.doRemoteCall("builtins", "sum", [filled])).value).toBe(16 * mebibyte);
  });
});

test("a buffer that is transferred while the host takes it ends its call alone", async () => {
  await using client = new RemoteClient(local());
  const other = client.call("time", "sleep", [0.5]);
  const large = new Uint8Array(64 * mebibyte);
  const call = rejection(client.doRemoteCall("builtins", "len", [large]), InvalidArgumentError);
  await client.doRemoteCall("os", "getpid");
  structuredClone(large.buffer, { transfer: [large.buffer] });
  expect((await call).message).toContain("args[0]");
  await other;
  expect((await client.doRemoteCall("builtins", "len", [[1]])).value).toBe(1);
});

test("what stands beside a call among the arguments is taken with it", async () => {
  await using client = new RemoteClient(local());
  const list = [1, 2n, new Set([-0])];
  const bytes = Buffer.alloc(2 * mebibyte, 1);
  const dots = { "a.b": new Date(0) };
  const first = client.call("time", "sleep", [0.05]);
  const second = client.call("builtins", "dict", [], { kwargs: { first, list, dots, bytes } });
  const third = client.call("builtins", "len", [client.call("builtins", "list", [list])]);
  list.length = 0;
  bytes.fill(9);
  dots["a.b"] = new Date(1);
  const { value } = await second;
  expect(value).toEqual({
    first: null,
    list: [1, 2, new Set([-0])],
    dots: { "a.b": new Date(0) },
    bytes: new Uint8Array(2 * mebibyte).fill(1),
  });
  expect((await third).value).toBe(3);
});

test("a callback's answer is taken when the callback gives it", async () => {
  await using client = new RemoteClient(local());
  const buffer = Buffer.alloc(300_000);
  const fill = (_: unknown, round: number): Buffer => {
    setImmediate(() => buffer.fill(0));
    return buffer.fill(round);
  };
  const { value } = await client.doRemoteCall("functools", "reduce", [fill, [0, 1, 2]]);
  expect(value).toEqual(new Uint8Array(300_000).fill(2));
});

test("standard input of a command is taken when it is started", async () => {
  await using connector = local();
  const input = Buffer.from("before");
  const many = [Buffer.from("be"), Buffer.from("fore")];
  const results = [connector.exec(["cat"], { stdin: input }), connector.exec(["cat"], { stdin: many })];
  input.fill("x");
  many[1]!.fill("x");
  many.length = 1;
  for (const { stdout } of await Promise.all(results)) expect(Buffer.from(stdout).toString()).toBe("before");
});

test("a fleet's call has the arguments of the moment at which it was made on every host, however late its turn comes", async () => {
  await using nodes = fleet(["a", "b"], { connect: () => local(), logLevel: "silent" });
  const list: unknown[] = [1, { deep: [2] }, new Map([[3, new Set([4])]]), new Float64Array([0.5])];
  const expected = structuredClone(list);
  const args: unknown[] = [list];
  const run = nodes.call("builtins", "list", args, { concurrency: 1 });
  (list[1] as { deep: number[] }).deep.push(5);
  (list[2] as Map<number, Set<number>>).get(3)!.add(6);
  (list[3] as Float64Array)[0] = 7;
  list.push("late");
  args.length = 0;
  const { jobs } = await run;
  expect(jobs.map(({ value }) => value)).toEqual([expected, expected]);
});
