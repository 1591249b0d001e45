/* A snippet of an interpreter against a call of a function: what state, parsing and parts cost. */
import { against, type Figure } from "./figure.ts";
import type { Setting } from "./setting.ts";
import { interleaved, median, timed } from "./statistics.ts";

const rounds = 20;
const inRound = 100;

async function repeat(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let each = 0; each < inRound; each++) times.push(await timed(work));
  return times;
}

export async function measureInterpreter(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const client = stack.use(setting.client());
  await setting.checkPython(client);
  const py = stack.use(await client.interpreter());
  await py.run("x = 0");
  const times = await interleaved(
    {
      call: () => repeat(() => client.doRemoteCall("os", "getpid")),
      snippet: () => repeat(async () => await py.run("x += 1")),
      "snippet with a value": () => repeat(async () => await py.run("x")),
      "snippet by itself": () => repeat(async () => await client.python`1 + ${1}`),
    },
    { rounds },
  );
  const p50 = (name: string): number => median(times.get(name)!);
  const call = p50("call");
  return [
    { name: "call of os.getpid, p50", value: call, unit: "ms", role: "floor" },
    {
      name: "`x += 1` in an interpreter, p50",
      role: "headline",
      value: p50("snippet"),
      unit: "ms",
      compared: against("a call", call, { atMost: 1.3 }),
    },
    { name: "`x`, whose value and text come back, p50", value: p50("snippet with a value"), unit: "ms", compared: against("a call", call) },
    {
      name: "`client.python`, which brings its program along, p50",
      value: p50("snippet by itself"),
      unit: "ms",
      compared: against("a call", call),
    },
  ];
}
