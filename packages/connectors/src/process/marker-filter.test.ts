import { hostLimits } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { MarkerFilter } from "./marker-filter.ts";

const marker = Buffer.from("0123456789abcdef");
const noise = Buffer.from("Welcome\n0123\n");
const rest = Buffer.from("output\n0123456789abcdef 7\nmore");

/** What comes through, what stands behind the marker, and the error if there is one. */
async function through(chunks: readonly Uint8Array[]): Promise<{ out: string; told: string[]; kept: string; error: unknown }> {
  const filter = new MarkerFilter(marker, 1 << 16);
  const told: string[] = [];
  const out: Buffer[] = [];
  let error: unknown;
  filter.on("marker", (behind: string) => told.push(behind)).on("data", (chunk: Buffer) => out.push(chunk));
  filter.on("error", (thrown) => (error = thrown));
  const closed = new Promise((resolve) => filter.once("close", resolve));
  for (const chunk of chunks) if (!filter.destroyed) filter.write(chunk);
  if (!filter.destroyed) filter.end();
  await closed;
  return { out: Buffer.concat(out).toString(), told, kept: filter.noise.toString(), error };
}

describe("a marker", () => {
  test("is found wherever the chunks are cut, once, and only what is behind its line comes through", async () => {
    const all = Buffer.concat([noise, marker, Buffer.from(" 42\n"), rest]);
    for (let at = 0; at <= all.length; at += 1) {
      const found = await through([all.subarray(0, at), all.subarray(at)]);
      expect(found, `cut at ${at}`).toEqual({ out: rest.toString(), told: [" 42"], kept: noise.toString(), error: undefined });
    }
    const bytes = await through(Array.from(all, (byte) => Uint8Array.of(byte)));
    expect([bytes.out, bytes.told]).toEqual([rest.toString(), [" 42"]]);
  });

  test("whose line goes on and on, or says something else than a process, is none of ours", async () => {
    const long = Buffer.concat([marker, Buffer.alloc(hostLimits.markerLine + 1, "9"), Buffer.from("\n")]);
    expect(await through([long])).toMatchObject({ out: "", told: [], error: { code: "limit-exceeded" } });
    const other = Buffer.concat([marker, Buffer.from(" 42; rm\n")]);
    expect(await through([other])).toMatchObject({ out: "", told: [], error: { code: "protocol-error" } });
  });

  test.each([
    ["as much noise as may be", 0, [" 1"]],
    ["a byte more", 1, []],
  ])("after %s", async (_, step, expected) => {
    const part = Buffer.alloc(1 << 20, "n");
    const chunks = Array.from({ length: hostLimits.noise / part.length }, () => part);
    const { told, error } = await through([...chunks, Buffer.alloc(step, "n"), Buffer.concat([marker, Buffer.from(" 1\n")])]);
    expect(told).toEqual(expected);
    if (step > 0) expect(error).toMatchObject({ code: "limit-exceeded" });
  });
});
