/* `hostname` on all hosts: wall time, processor time and memory of the client. */
import assert from "node:assert/strict";
import { against, type Figure } from "../figure.ts";
import { compare, ownProgram, type Row, type Usage } from "./child.ts";
import type { Hosts } from "./hosts.ts";
import { fairMark, type FleetPeers } from "./peers.ts";
import type { Sizes } from "./sizes.ts";

const loading = "sremote, loaded only";

export async function measureCommand({ hosts, knownHosts }: Hosts, peers: FleetPeers, sizes: Sizes): Promise<Figure[]> {
  const command = "hostname";
  // Some say more than that for each host.
  const check = (output: string): void => assert(output.trim().split("\n").length >= hosts.length, output);
  const programs = {
    floor: { command: ownProgram("floor.mjs", { hosts, knownHosts, command }) },
    sremote: { command: ownProgram("ours.mjs", { task: "run", hosts, knownHosts, command }) },
    ...peers.running(command),
  };
  const rows = Object.fromEntries(
    Object.entries(programs).map(([name, program]): [string, Row] => [name, { program: { ...program, check } }]),
  );
  rows[loading] = { program: { command: ownProgram("ours.mjs", { task: "load" }) } };
  const usages = await compare(rows, { ...sizes, memory: true });
  const { floor, sremote, loaded, rest } = split(usages);
  const title = `\`hostname\` on ${hosts.length} hosts`;
  const fair = rest.filter(([name]) => name.endsWith(fairMark)).toSorted(([, one], [, other]) => one.cpu - other.cpu)[0];
  const part = (which: keyof Usage, value: Usage): number => value[which] ?? Number.NaN;
  const others = (which: keyof Usage, but?: string): ReturnType<typeof against> =>
    rest.filter(([name]) => name !== but).flatMap(([name, usage]) => against(name, part(which, usage)));
  return [
    { name: `${title}, bare ssh2 loop (floor): wall`, value: floor.wall, unit: "ms", role: "floor" },
    {
      name: `${title}: wall`,
      value: sremote.wall,
      unit: "ms",
      role: "headline",
      compared: [...against("floor", floor.wall, { atMost: 1.1 }), ...others("wall")],
    },
    {
      name: `${title}: client CPU`,
      value: sremote.cpu,
      unit: "ms",
      role: "headline",
      compared: [
        ...against("floor", floor.cpu),
        ...(fair === undefined ? [] : against(fair[0], fair[1].cpu, { atMost: 0.5 })),
        ...others("cpu", fair?.[0]),
      ],
    },
    {
      name: `${title}: client memory`,
      value: part("memory", sremote),
      unit: "MiB",
      role: "headline",
      compared: [...against("floor", part("memory", floor)), ...others("memory")],
    },
    { name: `${title}, of it starting Node and loading sremote: wall`, value: loaded.wall, unit: "ms" },
    {
      name: `${title}, of it starting Node and loading sremote: client CPU`,
      value: loaded.cpu,
      unit: "ms",
      compared: against("all of it", sremote.cpu),
    },
    ...[["floor", floor] as const, ...rest].flatMap(([name, usage]): Figure[] => [
      ...(name === "floor" ? [] : [{ name: `${title}, ${name}: wall`, value: usage.wall, unit: "ms" as const }]),
      { name: `${title}, ${name}: client CPU`, value: usage.cpu, unit: "ms" },
      { name: `${title}, ${name}: client memory`, value: part("memory", usage), unit: "MiB" },
    ]),
  ];
}

interface Split {
  floor: Usage;
  sremote: Usage;
  loaded: Usage;
  rest: [string, Usage][];
}

function split(usages: Map<string, Usage>): Split {
  const { floor, sremote, [loading]: loaded, ...rest } = Object.fromEntries(usages);
  return { floor: floor!, sremote: sremote!, loaded: loaded!, rest: Object.entries(rest) };
}
