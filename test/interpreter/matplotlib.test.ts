/* Figures of the real matplotlib, as parts of what a snippet shows. */
import { type Interpreter, type Part, RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureMatplotlib, matplotlibConfiguration, matplotlibPython } from "../../scripts/setup-matplotlib.ts";

let client: RemoteClient;
let py: Interpreter;
beforeAll(async () => {
  expect(ensureMatplotlib()).toEqual([]);
  client = new RemoteClient(local(), { python: matplotlibPython });
  // A host with a display, as with X11 forwarding, which does not work here.
  py = await client.interpreter({ env: { MPLCONFIGDIR: matplotlibConfiguration, DISPLAY: "localhost:99" } });
  await py.run("import matplotlib.pyplot as plt");
}, 200_000);
afterAll(() => client?.close());

/** Width and height of a PNG: https://www.w3.org/TR/png/#11IHDR */
function sizeOf({ type, data }: Part): [number, number] {
  expect(type).toBe("image/png");
  const bytes = Buffer.from(data as Uint8Array);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

test("open figures are shown and closed, whether or not the snippet calls show()", async () => {
  const { parts, omitted, stderr } = await py.run(`
    plt.figure(figsize=(2, 1))
    plt.plot([1, 2, 3]);
    plt.show()
    plt.figure(figsize=(1, 2))
    plt.bar([1, 2], [3, 4]);
  `);
  expect({ omitted, stderr, types: parts.map(({ type, display }) => [type, display]) }).toEqual({
    omitted: [],
    stderr: "",
    types: [
      ["image/png", 0],
      ["text/plain", 0],
      ["image/png", 1],
      ["text/plain", 1],
    ],
  });
  const [[width, height], [narrow, high]] = [sizeOf(parts[0]!), sizeOf(parts[2]!)];
  expect([width > height, narrow < high, width > 50]).toEqual([true, true, true]);
  expect(await py.run("plt.get_fignums()").value).toEqual([]);
});

test("a figure that is the value is shown once; one of a snippet that fails is shown, too", async () => {
  const { parts } = await py.run("figure, axes = plt.subplots()\nfigure");
  expect(parts.map(({ type, display }) => [type, display])).toEqual([
    ["image/png", 0],
    ["text/plain", 0],
  ]);
  const call = py.run("plt.plot([1, 2])\n1/0");
  await call.catch(() => undefined);
  expect(call.parts.map(({ type }) => type)).toEqual(["image/png", "text/plain"]);
});

test("one that cannot be drawn is told, and does not fail the snippet", async () => {
  const { value, omitted, parts } = await py.run(String.raw`plt.title(r"$\nosuchcommand$")` + "\n6 * 7");
  expect([value, parts.map(({ type }) => type)]).toEqual([42, ["text/plain", "text/plain"]]);
  expect(omitted).toEqual([{ type: "image/png", display: 1, reason: expect.stringMatching(/^savefig raised ValueError: /) as string }]);
});
