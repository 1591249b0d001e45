/* What gathering the output of very many hosts takes of memory. The hosts are processes of this machine. */
import assert from "node:assert/strict";
import { type Figure, shownSize } from "../figure.ts";
import { ownProgram, take } from "./child.ts";
import type { Sizes } from "./sizes.ts";

/** Different outputs among those of all hosts. */
const different = 10;
const lineBytes = 100;

export async function measureGathered({ printing, printed }: Sizes): Promise<Figure[]> {
  const line = (digit: string): string => digit.repeat(lineBytes - 2);
  // {{{index}}} is a word of the shell, from 0.
  const command = `n={{{index}}}; yes "$((n % ${different}))${line("x")}" | head -n ${Math.floor(printed / lineBytes)}`;
  const check = (output: string): void => assert.equal(output.trim(), String(different));
  const memoryOf = async (task: "tree" | "gather"): Promise<number> => {
    const { memory } = await take({ command: ownProgram("ours.mjs", { task, printing, command }), check }, "memory");
    return memory ?? Number.NaN;
  };
  const all = printing * printed;
  const title = `${shownSize(all)} of output of ${printing.toLocaleString("en")} hosts, ${different} different ones, gathered`;
  const compared = [{ with: "what is printed", value: all / 2 ** 20 }];
  return [
    { name: `${title} line by line: memory`, value: await memoryOf("tree"), unit: "MiB", role: "headline", compared },
    { name: `${title} at the end: memory`, value: await memoryOf("gather"), unit: "MiB", role: "headline", compared },
  ];
}
