/* One large file to a host and back. */
import { randomFillSync } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../scripts/labs/run.ts";
import { type Figure, shownSize } from "../figure.ts";
import { compare, ownProgram, type Program } from "./child.ts";
import type { Hosts } from "./hosts.ts";
import { fairMark } from "./peers.ts";
import { speeds } from "./rates.ts";
import type { Sizes } from "./sizes.ts";

/** The connector that drives the system's ssh, with the algorithms of the fair rows. */
const throughOpenSsh = "sremote over openssh()";

export async function measureOneFile(lab: Hosts, { bytes, rounds, warmUp }: Sizes): Promise<Figure[]> {
  const { hosts, accounts, directory, knownHosts } = lab;
  const [host] = hosts;
  const source = join(directory, "one-file");
  await writeRandom(source, bytes);
  const there = join(accounts[0]!.home, "one-file");
  const back = join(directory, `${host!.name}-back`);
  const ours = (told: Record<string, unknown>): Program => ({ command: ownProgram("ours.mjs", { hosts: [host], knownHosts, ...told }) });
  const figures: Figure[] = [];
  for (const direction of ["to", "from"] as const) {
    const target = direction === "to" ? there : back;
    const [from, to] = direction === "to" ? [source, `${host!.name}:one-file`] : [`${host!.name}:one-file`, back];
    const ssh = (name: string, config: string): Record<string, Program> => ({
      [`scp${name}`]: { command: ["scp", "-q", "-p", "-F", config, from, to] },
      [`sftp${name}`]: {
        command:
          direction === "to"
            ? ["sh", "-c", `echo "put -p $1 one-file" | sftp -q -b - -F "$2" "$3"`, "sh", source, config, host!.name]
            : ["sftp", "-q", "-p", "-F", config, from, to],
      },
      [`rsync${name}`]: { command: ["rsync", "-t", "-e", `ssh -F ${config}`, from, to] },
    });
    const floor = direction === "to" ? { command: "cat > one-file", send: source } : { command: "cat one-file", receive: back };
    const copy =
      direction === "to"
        ? { task: "push", source, target: "one-file" }
        : { task: "pull", source: "one-file", target: join(directory, "{{{name}}}-back") };
    const programs: Record<string, Program> = {
      floor: { command: ownProgram("floor.mjs", { hosts: [host], knownHosts, ...floor }) },
      sremote: ours(copy),
      [throughOpenSsh]: ours({ ...copy, config: lab.fairConfig }),
      ...ssh("", lab.config),
      ...ssh(fairMark, lab.fairConfig),
    };
    const rows = Object.entries(programs).map(([name, program]) => {
      const row = {
        program,
        before: () => rm(target, { force: true }),
        after: async () => {
          if ((await stat(target)).size !== bytes) throw new Error(`${name} copied something else`);
        },
      };
      return [name, row] as const;
    });
    const usages = await compare(Object.fromEntries(rows), { rounds, warmUp });
    await run("cmp", [source, target]);
    figures.push(...speeds(`${shownSize(bytes)} file ${direction} one host`, usages, bytes));
  }
  await Promise.all([source, there, back].map((path) => rm(path, { force: true })));
  return figures;
}

/** Nothing that could be compressed. */
export async function writeRandom(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w");
  try {
    for (let left = bytes; left > 0;) {
      const chunk = randomFillSync(Buffer.allocUnsafe(Math.min(left, 2 ** 24)));
      await file.writeFile(chunk);
      left -= chunk.length;
    }
  } finally {
    await file.close();
  }
}
