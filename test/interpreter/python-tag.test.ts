/* Snippets of Python as templates, over sessions and over files. */
import { RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostKinds, type TestHost } from "../support/hosts.ts";

let host: TestHost;
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
});
afterAll(() => host[Symbol.asyncDispose]());

describe.each(["auto", "spool"] as const)("client.python, transport %s", (transport) => {
  let client: RemoteClient;
  beforeAll(() => {
    client = new RemoteClient(host.again(), { transport });
  });
  afterAll(() => client.close());

  test("gives the value of the last expression, with values as data", async () => {
    const hostile = `"'); import os; os._exit(3) #\n\\`;
    const { value, stdout } = await client.python<[string, number]>`
      print("so\n")
      [${hostile}, sum(${new Float64Array([1, 2])})]
    `;
    expect({ value, stdout }).toEqual({ value: [hostile, 3], stdout: "so\n\n" });
    expect(await client.python`f"{${"a"}}{${"b"}}" + r"\d\`\${"`.value).toBe("ab\\d`${");
    expect(await client.python`x = 1`.value).toBeNull();
  });

  test("fails with the snippet's lines, and what the host knows of calls", async () => {
    await expect(client.python`x = ${0}\n1 / x`.value).rejects.toMatchObject({ remote: { type: "SyntaxError" } });
    const failed = client.python`
      x = ${0}
      1 / x
    `.value;
    await expect(failed).rejects.toMatchObject({
      message: "the snippet raised ZeroDivisionError: division by zero",
      remote: { frames: [{ file: "<snippet 1>", line: 3, source: "1 / x" }] },
    });
    await expect(client.python`object()`.value).rejects.toMatchObject({ code: "unserializable-result" });
    await expect(client.python`import sys; sys.exit(3)`.value).rejects.toMatchObject({ code: "raised", remote: { type: "SystemExit" } });
    const { pid } = (await client.python({ cwd: "here" })`import os; os.path.basename(os.getcwd()), ${1}`).host;
    expect(pid).toBeGreaterThan(0);
  });

  test("refuses a value that stands in a string, before anything runs", async () => {
    await expect(client.python`print(1)\nx = "${1}"`.value).rejects.toBeDefined();
    const refused = client.python`
      open("ran", "w")
      x = "${1}"
    `.value;
    await expect(refused).rejects.toMatchObject({
      code: "bad-arguments",
      outcome: "not-run",
      message: "the snippet: interpolated value 1 stands in a string or a comment, where it would be the text '__0'",
    });
    expect((await client.doRemoteCall("os.path", "exists", ["ran"])).value).toBe(false);
  });

  test("refuses what is no template and no options", () => {
    expect(() => client.python("1" as never)).toThrow("python must be a template, or a function of options, not a string");
    expect(() => client.python({ runtime: "node" } as never)).toThrow("unknown option `runtime`");
  });
});

test("over a session, values may be functions, calls and objects, and the result may stay there", async () => {
  await using client = new RemoteClient(host.again());
  const two = client.python<number>`1 + 1`;
  expect(await client.python<number>`${(x: number) => x + 1}(${two})`.value).toBe(3);
  const { value } = await client.python({ returns: "object" })<{ append(x: number): null }>`[1]`;
  await using list = value;
  await list.call("append", [2]);
  expect(await client.python`${list} + [3]`.value).toEqual([1, 2, 3]);
});
