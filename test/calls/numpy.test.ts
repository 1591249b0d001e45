import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { NdArray } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureNumpy, numpyPython } from "../../scripts/setup-numpy.ts";

let home: string;
beforeAll(() => {
  expect(ensureNumpy()).toEqual([]);
  home = mkdtempSync(join(tmpdir(), "sremote-numpy-"));
  writeFileSync(
    join(home, "arrays.py"),
    `import numpy as np
def kind(value):
    return [type(value).__name__, str(value.dtype), list(value.shape)]
def grid():
    return {"c": np.arange(6, dtype=np.int32).reshape(2, 3), "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big": np.arange(3, dtype=">i2")}
def scalars():
    return [np.float64(0.5), np.int64(2**60), np.bool_(True), np.float32("nan")]
`,
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.each(["auto", "spool"] as const)("numpy, transport %s", (transport) => {
  let client: RemoteClient;
  beforeAll(() => {
    client = new RemoteClient(local({ cwd: home, env: { HOME: home } }), { python: numpyPython, transport });
  });
  afterAll(() => client?.close());

  test("typed arrays and NdArrays arrive as numpy arrays of their type and shape", async () => {
    const call = async (value: unknown): Promise<unknown> => (await client.doRemoteCall("arrays", "kind", [value], { cwd: "." })).value;
    expect(await call(new Float64Array(4))).toEqual(["ndarray", "float64", [4]]);
    expect(await call(new BigInt64Array(2))).toEqual(["ndarray", "int64", [2]]);
    expect(await call(new NdArray(new Uint8Array(6), [2, 3]))).toEqual(["ndarray", "uint8", [2, 3]]);
  });

  test("numpy's functions can be called with them", async () => {
    const { value } = await client.doRemoteCall("numpy", "mean", [new Float64Array([1, 2, 3, 4])]);
    expect(value).toBe(2.5);
  });

  test("arrays come back with shape, order and this machine's byte order; scalars as numbers", async () => {
    const { value } = await client.doRemoteCall<Record<"c" | "f" | "big", NdArray>>("arrays", "grid", [], { cwd: "." });
    expect(value.c).toBeInstanceOf(NdArray);
    expect(value.c).toMatchObject({ dtype: "int32", shape: [2, 3], order: "C", data: new Int32Array([0, 1, 2, 3, 4, 5]) });
    expect(value.c.get(1, 2)).toBe(5);
    expect(value.f).toMatchObject({ dtype: "float64", shape: [2, 3], order: "F" });
    expect(value.f.get(1, 2)).toBe(5);
    expect(value.big).toMatchObject({ dtype: "int16", data: new Int16Array([0, 1, 2]) });
    expect((await client.doRemoteCall("arrays", "scalars", [], { cwd: "." })).value).toEqual([0.5, 2n ** 60n, true, Number.NaN]);
  });
});
