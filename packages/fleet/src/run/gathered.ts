/* Who printed the same, of what a run keeps. */
import { createHash } from "node:crypto";
import { groupsInOrder, type OutputGroup } from "../gather/index.ts";
import { compareNatural } from "../node-set/index.ts";
import { type Job, LineCutter, type OutputChunk, type StreamName } from "@sremote/process";

/** Characters that are digested together. */
const portion = 1 << 16;

interface Printed {
  readonly names: string[];
  /** Of each job of one of them. */
  readonly outputs: readonly (readonly OutputChunk[])[];
  readonly isCut: boolean;
}

/**
 * Hosts with the same lines together. What is kept is not made into text at once: the lines of a group are made when they are asked for, and
 * kept no longer than they are in use.
 *
 * @param stream undefined: both, as they came
 */
export function gatherJobs(jobs: readonly Job[], stream: StreamName | undefined): OutputGroup[] {
  const digests = new Map<string, string>();
  const groups = new Map<string, Printed>();
  for (const own of Map.groupBy(jobs, ({ host, name }) => host?.key ?? name).values()) {
    const name = own[0]!.label;
    const outputs = own.map(({ output }) => output.chunks.filter((chunk) => stream === undefined || chunk.stream === stream));
    const isCut = own.some(({ output }) => output.isCut(stream));
    // What is known to be the same bytes is not looked at again.
    const identities = own.map(({ output }) => output.identity(stream));
    const identity = identities.includes(undefined) ? undefined : identities.join(";");
    const digest = (identity === undefined ? undefined : digests.get(identity)) ?? digestOf(outputs);
    if (identity !== undefined) digests.set(identity, digest);
    const key = `${isCut} ${digest}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [name], outputs, isCut });
    else group.names.push(name);
  }
  const last = new LastLines();
  return groupsInOrder(Array.from(groups.values(), (printed) => toGroup(printed, last)));
}

/** The lines that were asked for last, so that asking for them again and again costs nothing. */
class LastLines {
  #of: Printed | undefined;
  #lines: readonly string[] = [];

  linesOf(printed: Printed): readonly string[] {
    if (this.#of === printed) return this.#lines;
    const lines: string[] = [];
    eachLine(printed.outputs, (line) => lines.push(line));
    this.#of = printed;
    this.#lines = lines;
    return lines;
  }
}

function toGroup(printed: Printed, last: LastLines): OutputGroup {
  return {
    names: printed.names.toSorted(compareNatural),
    get lines() {
      return last.linesOf(printed);
    },
    ...(printed.isCut && { truncated: true }),
  };
}

/** SHA-256 of the lines: a host cannot print something else that is taken for the same. */
function digestOf(outputs: readonly (readonly OutputChunk[])[]): string {
  const hash = createHash("sha256");
  let text = "";
  eachLine(outputs, (line) => {
    text += `${line}\n`;
    if (text.length < portion) return;
    hash.update(text);
    text = "";
  });
  return hash.update(text).digest("base64");
}

function eachLine(outputs: readonly (readonly OutputChunk[])[], take: (line: string) => void): void {
  for (const chunks of outputs) {
    const cutter = new LineCutter();
    for (const chunk of chunks) for (const { text } of cutter.chunk(chunk)) take(text);
    for (const { text } of cutter.end()) take(text);
  }
}
