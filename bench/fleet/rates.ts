/* Figures of transfers. */
import { against, type Comparison, type Figure } from "../figure.ts";
import { isOurs, type Usage } from "./child.ts";

/** Ours in MiB/s against the best of the others, at least as much; and what the client's processors did for it. */
export function speeds(title: string, usages: ReadonlyMap<string, Usage>, bytes: number): Figure[] {
  const rate = ({ wall }: Usage): number => bytes / 2 ** 20 / (wall / 1000);
  const ours = usages.get("sremote")!;
  const others = [...usages].filter(([name]) => name !== "sremote").toSorted(([, one], [, other]) => one.wall - other.wall);
  const best = others.find(([name]) => !isOurs(name))?.[0];
  const compared = (value: (usage: Usage) => number, aim: Pick<Comparison, "atLeast"> = {}): Comparison[] =>
    others.flatMap(([name, usage]) => (name === best ? against(`${name} (the fastest)`, value(usage), aim) : against(name, value(usage))));
  return [
    { name: title, value: rate(ours), unit: "MiB/s", role: "headline", compared: compared(rate, { atLeast: 1 }) },
    { name: `${title}: client CPU`, value: ours.cpu, unit: "ms", compared: compared(({ cpu }) => cpu) },
    ...others.map(([name, usage]): Figure => ({ name: `${title}, ${name}`, value: rate(usage), unit: "MiB/s" })),
  ];
}

/** Ours in milliseconds against one, at most so many times as long, and beside all others. */
export function times(title: string, usages: ReadonlyMap<string, Usage>, aimed: string, atMost: number): Figure[] {
  const ours = usages.get("sremote")!;
  const others = [...usages].filter(([name]) => name !== "sremote");
  return [
    {
      name: title,
      value: ours.wall,
      unit: "ms",
      role: "headline",
      compared: others.flatMap(([name, { wall }]) => against(name, wall, name === aimed ? { atMost } : {})),
    },
    { name: `${title}: client CPU`, value: ours.cpu, unit: "ms", compared: others.flatMap(([name, { cpu }]) => against(name, cpu)) },
    ...others.map(([name, { wall }]): Figure => ({ name: `${title}, ${name}`, value: wall, unit: "ms" })),
  ];
}
