/* Gathers 1 MB of output of each of 1,000 simulated hosts, in a process of its own, and prints the most memory it had, in MiB, and what was kept. */
import { Readable, Writable } from "node:stream";
import { type Connector, createConnector, type SpawnedProcess } from "@sremote/connectors";
import { fleet } from "@sremote/fleet";

/** `alike`: but for the first line. */
type Content = "same" | "alike" | "different";
/** `spawn`: output comes in pieces, cut elsewhere on each host. `exec`: nothing but the three functions, so it comes whole. */
type How = "spawn" | "exec";

const [content, how] = process.argv.slice(2) as [Content, How];
const hosts = 1000;
const printed = 1_000_000;
const lineLength = 100;
const noBytes = new Uint8Array();

/** What the host of this number prints: lines of 100 bytes, numbered here and there. */
function output(host: number): Buffer {
  const line = `${content === "different" ? host : "all"} `.padEnd(lineLength - 1, "x");
  const bytes = Buffer.alloc(printed, `${line}\n`);
  for (let at = 0; at < printed; at += 100 * lineLength) bytes.write(String(at), at + 50);
  if (content === "alike") bytes.write(`${host} `.padEnd(10, "x"));
  return bytes;
}

function simulated(host: number): Connector {
  const done = { exitCode: 0, signal: null };
  const absent = (): never => {
    throw new Error("not simulated");
  };
  const spawn = async (): Promise<SpawnedProcess> => {
    const bytes = output(host);
    const piece = 65_536 - host;
    const pieces = Array.from({ length: Math.ceil(printed / piece) }, (_, index) => bytes.subarray(index * piece, (index + 1) * piece));
    const stdout = Readable.from(pieces, { objectMode: false });
    return {
      stdin: new Writable({ write: (_, __, taken) => taken() }),
      stdout,
      stderr: Readable.from([]),
      exit: new Promise((resolve) => stdout.once("end", () => resolve(done))),
      kill: absent,
      [Symbol.asyncDispose]: async () => void stdout.destroy(),
    };
  };
  const connector = createConnector({
    label: `simulated://${host}`,
    exec: async () => ({ ...done, stdout: output(host), stderr: noBytes }),
    push: absent,
    pull: absent,
    status: async () => undefined,
  });
  // In place of what createConnector would make of it: nothing is simulated here of how a shell announces a command.
  return how === "spawn" ? { ...connector, spawn } : connector;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);
const peak = (): number => process.resourceUsage().maxRSS / 1024;

await using nodes = fleet(`host[1-${hosts}]`, { connect: ({ name }) => simulated(Number(name.slice(4)) - 1), logLevel: "silent" });
const before = peak();
const done = await nodes.run("print", { killOnDisconnect: false });
const run = peak();
const groups = done.gather();
const lines = groups.reduce((all, group) => all + group.lines.length, 0);
const gathered = peak();
const kept = done.jobs.map(({ output: { chunks } }) => sum(chunks.map(({ bytes }) => bytes.length)));
console.log(
  JSON.stringify({
    before,
    run: run - before,
    gathered: gathered - before,
    ok: done.ok,
    truncated: done.jobs.filter(({ truncated }) => truncated).length,
    total: sum(done.jobs.map((job) => job.output.total("stdout"))),
    kept: sum(kept),
    least: Math.min(...kept),
    groups: groups.length,
    lines,
    most: groups[0]!.names.length,
  }),
);
