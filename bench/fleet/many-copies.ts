/* One file to all hosts. */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Figure, shownSize } from "../figure.ts";
import { compare, ownProgram, type Program, type Row } from "./child.ts";
import type { Hosts } from "./hosts.ts";
import { writeRandom } from "./one-file.ts";
import type { FleetPeers } from "./peers.ts";
import { speeds } from "./rates.ts";
import type { Sizes } from "./sizes.ts";

export async function measureManyCopies(lab: Hosts, peers: FleetPeers, { copied, rounds, warmUp }: Sizes): Promise<Figure[]> {
  const { hosts, accounts, directory, knownHosts } = lab;
  const source = join(directory, "copied");
  const target = "copied";
  await writeRandom(source, copied);
  const targets = accounts.map(({ home }) => join(home, target));
  const remove = (): Promise<unknown> => Promise.all(targets.map((path) => rm(path, { force: true })));
  const programs: Record<string, Program> = {
    sremote: { command: ownProgram("ours.mjs", { task: "push", hosts, knownHosts, source, target }) },
    ...peers.copying(source, target),
  };
  const rows = Object.entries(programs).map(([name, program]): [string, Row] => {
    const after = async (): Promise<void> => {
      const sizes = await Promise.all(targets.map(async (path) => (await stat(path)).size));
      if (sizes.some((size) => size !== copied)) throw new Error(`${name} has not copied all of it to all hosts`);
      await remove();
    };
    return [name, { program, before: remove, after }];
  });
  const usages = await compare(Object.fromEntries(rows), { rounds: Math.min(rounds, 3), warmUp: Math.min(warmUp, 1) });
  await remove();
  await rm(source);
  return speeds(`${shownSize(copied)} file to ${hosts.length} hosts, in all`, usages, copied * hosts.length);
}
