/* What gathering the output of very many hosts takes of memory. The hosts are processes of this machine. */
import assert from "node:assert/strict";
import { type Figure, shownSize } from "../figure.ts";
import { ownProgram, take } from "./child.ts";
import type { Sizes } from "./sizes.ts";

const lineBytes = 100;
/** Different outputs among those of all hosts, where most print the same. */
const few = 10;

export async function measureGathered({ printing, printed }: Sizes): Promise<Figure[]> {
  const all = printing * printed;
  const measure = async (task: "tree" | "gather", different: number): Promise<number> => {
    // {{{index}}} is a word of the shell, from 0. No two lines are the same, so that nothing is shared within an output.
    const digits = String(different - 1).length;
    const line = `"$(printf %0${digits}d $((n % ${different}))) %0${lineBytes - digits - 2}.0f"`;
    const command = `n={{{index}}}; seq -f ${line} ${Math.floor(printed / lineBytes)}`;
    const check = (output: string): void => assert.equal(output.trim(), String(different));
    const { memory } = await take({ command: ownProgram("ours.mjs", { task, printing, command }), check }, "memory");
    return memory ?? Number.NaN;
  };
  const compared = [{ with: "what is printed", value: all / 2 ** 20 }];
  const title = (different: string): string =>
    `${shownSize(all)} of output of ${printing.toLocaleString("en")} hosts, ${different}, gathered`;
  const figure = (name: string, value: number): Figure => ({ name: `${name}: memory`, value, unit: "MiB", role: "headline", compared });
  return [
    figure(`${title(`${few} different ones`)} line by line`, await measure("tree", few)),
    figure(`${title(`${few} different ones`)} at the end`, await measure("gather", few)),
    figure(`${title("all different")} at the end, up to the limit of 256 MiB`, await measure("gather", printing)),
  ];
}
