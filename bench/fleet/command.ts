/* `hostname` on all hosts: wall time, processor time and memory of the client. */
import assert from "node:assert/strict";
import { against, type Figure } from "../figure.ts";
import { compare, ownProgram, type Row, type Usage } from "./child.ts";
import type { Hosts } from "./hosts.ts";
import { fairMark, type FleetPeers } from "./peers.ts";
import type { Sizes } from "./sizes.ts";

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
  const usages = await compare(rows, { ...sizes, memory: true });
  const { floor, sremote, rest } = split(usages);
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
    ...[["floor", floor] as const, ...rest].flatMap(([name, usage]): Figure[] => [
      ...(name === "floor" ? [] : [{ name: `${title}, ${name}: wall`, value: usage.wall, unit: "ms" as const }]),
      { name: `${title}, ${name}: client CPU`, value: usage.cpu, unit: "ms" },
      { name: `${title}, ${name}: client memory`, value: part("memory", usage), unit: "MiB" },
    ]),
  ];
}

function split(usages: Map<string, Usage>): { floor: Usage; sremote: Usage; rest: [string, Usage][] } {
  const { floor, sremote, ...rest } = Object.fromEntries(usages);
  return { floor: floor!, sremote: sremote!, rest: Object.entries(rest) };
}
