/* Commands and files on many hosts, beside the programs that people use for it. */
import { ensureFleetPeers } from "../scripts/setup-peers.ts";
import type { Figure } from "./figure.ts";
import { measureCommand } from "./fleet/command.ts";
import { measureGathered } from "./fleet/gathered.ts";
import { startHosts } from "./fleet/hosts.ts";
import { measureManyCopies } from "./fleet/many-copies.ts";
import { measureOneFile } from "./fleet/one-file.ts";
import { FleetPeers } from "./fleet/peers.ts";
import { measureSmallFiles } from "./fleet/small-files.ts";
import { type Sizes, sizes } from "./fleet/sizes.ts";

/** Each program is a process of its own, which connects anew: what a user waits for who calls it. */
export async function measureFleet(_: unknown, wanted: Sizes = sizes()): Promise<Figure[]> {
  const setup = ensureFleetPeers(wanted);
  for (const each of setup.missing) console.error(`bench: missing: ${each}`);
  await using lab = await startHosts(wanted.hosts);
  const peers = new FleetPeers(setup, lab);
  await peers.prepare();
  return [
    ...(await measureCommand(lab, peers, wanted)),
    ...(await measureOneFile(lab, wanted)),
    ...(await measureSmallFiles(lab, wanted)),
    ...(await measureManyCopies(lab, peers, wanted)),
    ...(await measureGathered(wanted)),
  ];
}
