/* Many small files: all of them, none, and a few that have changed. */
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { run } from "../../scripts/labs/run.ts";
import type { Figure } from "../figure.ts";
import { compare, ownProgram, type Program, type Row } from "./child.ts";
import type { Hosts } from "./hosts.ts";
import { fairMark } from "./peers.ts";
import { times } from "./rates.ts";
import type { Sizes } from "./sizes.ts";

const inDirectory = 100;

export async function measureSmallFiles(lab: Hosts, { files, changed, rounds, warmUp }: Sizes): Promise<Figure[]> {
  const { hosts, accounts, directory, knownHosts } = lab;
  const [host] = hosts;
  const source = join(directory, "tree");
  const paths = await makeTree(source, files);
  /** Of each program its own, since what lies there decides what is to be done. */
  const place = (name: string): string => `tree-${name.replaceAll(/\W+/g, "-")}`;
  const ours = (name: string): Program => ({
    command: ownProgram("ours.mjs", { task: "push", hosts: [host], knownHosts, source, target: place(name) }),
  });
  const rsync = (name: string, config: string): Program => ({
    command: ["rsync", "-a", "-e", `ssh -F ${config}`, `${source}/`, `${host!.name}:${place(name)}/`],
  });
  const tar = (name: string, config: string): Program => {
    const script = `tar -C "$1" -cf - . | ssh -F "$2" "$3" "mkdir $4 && tar -C $4 -xpf -"`;
    return { command: ["sh", "-c", script, "sh", source, config, host!.name, place(name)] };
  };
  const scp = (name: string, config: string): Program => ({
    command: ["scp", "-q", "-r", "-p", "-F", config, source, `${host!.name}:${place(name)}`],
  });
  const both = (name: string, make: (name: string, config: string) => Program): Record<string, Program> => ({
    [name]: make(name, lab.config),
    [`${name}${fairMark}`]: make(`${name}${fairMark}`, lab.fairConfig),
  });
  const syncing: Record<string, Program> = { sremote: ours("sremote"), ...both("rsync -a", rsync) };
  const all: Record<string, Program> = { ...syncing, ...both("tar over ssh", tar), ...both("scp -r", scp) };
  const absolute = (name: string): string => join(accounts[0]!.home, place(name));
  const rows = (programs: Record<string, Program>, before: (name: string) => Promise<unknown>): Record<string, Row> =>
    Object.fromEntries(
      Object.entries(programs).map(([name, program]) => [
        name,
        { program, before: () => before(name), after: () => run("diff", ["-r", source, absolute(name)]) },
      ]),
    );
  const options = { rounds, warmUp };
  const first = await compare(
    rows(all, (name) => rm(absolute(name), { recursive: true, force: true })),
    options,
  );
  const unchanged = await compare(
    rows(syncing, () => Promise.resolve()),
    options,
  );
  const step = Math.floor(files / changed);
  const some = paths.filter((_, index) => index % step === 0).slice(0, changed);
  let turn = 0;
  // Another content and time for each program.
  const change = async (): Promise<void> => {
    turn += 1;
    await Promise.all(some.map((path, index) => writeFile(path, randomBytes(2000 + index))));
    const time = new Date(Date.UTC(2020, 0, 1) + turn * 60_000);
    await Promise.all(some.map((path) => utimes(path, time, time)));
  };
  // What others have changed in between is brought there first, so that only the last change is left.
  const level = async (name: string): Promise<void> => {
    await run("rsync", ["-a", `${source}/`, `${absolute(name)}/`]);
    await run("chown", ["-R", `${accounts[0]!.uid}:${accounts[0]!.gid}`, absolute(name)]);
    await change();
  };
  const few = await compare(rows(syncing, level), options);
  await rm(source, { recursive: true });
  const title = `${files.toLocaleString("en")} small files`;
  return [
    ...times(`${title}, first copy`, first, "tar over ssh", 1.1),
    ...times(`${title}, unchanged`, unchanged, "rsync -a", 1),
    ...times(`${title}, ${changed} changed`, few, "rsync -a", 1),
  ];
}

/** From 100 bytes to 8 kB. */
async function makeTree(root: string, files: number): Promise<string[]> {
  const paths: string[] = [];
  for (let begin = 0; begin < files; begin += inDirectory) {
    const directory = join(root, `part-${begin / inDirectory}`);
    await mkdir(directory, { recursive: true });
    for (let index = begin; index < Math.min(files, begin + inDirectory); index += 1) {
      const path = join(directory, `file-${index}`);
      await writeFile(path, randomBytes(100 + ((index * 7919) % 7900)));
      paths.push(path);
    }
  }
  return paths;
}
