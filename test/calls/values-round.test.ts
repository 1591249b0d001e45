/* Random values go to Python and to Node and come back as they were, or are refused with their place. What is a value to both, the fuzzer's notion of it says. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { ProtocolError, SremoteError } from "@sremote/protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pythonHolds } from "../fuzz/equality.ts";
import { isSameValue } from "../fuzz/rules.ts";
import { shown } from "../fuzz/shown.ts";

const scalar = fc.oneof(
  fc.constantFrom(
    -0,
    0,
    1,
    1n,
    true,
    false,
    null,
    undefined,
    Number.NaN,
    Infinity,
    2 ** 53,
    -(2 ** 53),
    1e21,
    "",
    "a",
    "\ud800",
    "__proto__",
  ),
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  fc.string({ unit: "binary", maxLength: 5 }),
  fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
  fc.uint8Array({ maxLength: 4 }),
);
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie("value"), { maxKeys: 3 }),
    fc.array(tie("value"), { maxLength: 3 }).map((members) => new Set(members)),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  ),
}));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-values-"));
  await writeFile(join(directory, "echo.mjs"), "export const echo = (value) => value;\n");
});
afterAll(() => rm(directory, { recursive: true }));

/** What came back, or why nothing did. */
async function sent(client: RemoteClient, module: string, fn: string, args: unknown[], kwargs?: Record<string, unknown>) {
  try {
    return { back: (await client.doRemoteCall(module, fn, kwargs === undefined ? args : [...args, kwargs])).value };
  } catch (error) {
    if (!(error instanceof SremoteError)) throw error;
    return { error };
  }
}

/** What random ones meet too seldom. */
const examples: [unknown][] = [
  [-0],
  [{ a: [-0, 1e21, 2 ** 53, 2n ** 53n] }],
  [new Set([1, true])],
  [
    new Map<unknown, unknown>([
      [2n ** 64n, Number.NaN],
      [[1, "a"], -0],
    ]),
  ],
  [new Set([[1], [1]])],
];
const runs = { numRuns: 150, seed: 20_261_129, examples };

test("G30 to Python and back", async () => {
  await using client = new RemoteClient(local());
  await client.doRemoteCall("builtins", "len", [[]]);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const { back, error } = await sent(client, "builtins", "eval", ["value"], { value });
      if (error === undefined) {
        expect(isSameValue(shown(value), shown(back))).toBe(true);
        return;
      }
      refused++;
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error.message).toMatch(/args\[1\]\.value/);
      expect(pythonHolds(shown(value))).not.toBe("yes");
    }),
    runs,
  );
  expect(refused).toBeLessThan(runs.numRuns / 2);
});

test("G30 to Node and back", async () => {
  await using client = new RemoteClient(local(), { runtime: "node", pwdDir: directory });
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const { back, error } = await sent(client, "./echo.mjs", "echo", [value]);
      expect(error).toBeUndefined();
      expect(shown(back)).toEqual(shown(value));
    }),
    runs,
  );
});
