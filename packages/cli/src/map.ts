/* sremote map: one function over the lines of standard input */
import { createInterface } from "node:readline";
import type { MapResult, RemoteClient } from "@sremote/client";
import { ArgumentSource, readArguments } from "./argument-source.ts";
import { type CallCommandOptions, callOptionsOf, placesOf, shipAll } from "./call.ts";
import { parseArgument } from "./call-arguments.ts";
import type { Context } from "./context.ts";
import { errorJson } from "./error-json.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { parseFunctionName } from "./function-name.ts";
import type { HostOptions } from "./host-options.ts";
import { LiveOutput } from "./live-output.ts";
import { isNodeSet, openFleet } from "./open-fleet.ts";
import { toJson } from "./value-json.ts";
import { withClient } from "./with-client.ts";

export interface MapCommandOptions extends Omit<CallCommandOptions, "json" | "id"> {
  spread?: true;
  settled?: true;
}

/** Prints a line of JSON for each item, in the order of the items; what the function prints goes to standard error. */
export async function map(
  context: Context,
  hosts: string,
  name: string,
  options: MapCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const target = parseFunctionName(name);
  const isLiteral = options.string === true;
  const { kwargs } = await readArguments(new ArgumentSource(isLiteral), [], options.kw ?? []);
  const mapOptions = {
    ...callOptionsOf(options, target.isNode),
    ...(kwargs === undefined ? {} : { kwargs }),
    ...(options.spread === true ? { spread: true } : {}),
    signal: context.signal,
    stdout: new LiveOutput(context.stderr),
    stderr: new LiveOutput(context.stderr),
  };
  const over = async (mapper: Mapper): Promise<ExitCode> => {
    shipAll(mapper, options);
    const items = itemsOf(process.stdin, isLiteral);
    if (options.settled === true)
      return printSettled(context, mapper.map(target.module, target.function, items, { ...mapOptions, settled: true }));
    for await (const value of mapper.map(target.module, target.function, items, mapOptions)) await printLine(context, toJson(value));
    return exitCodes.value;
  };
  if (!isNodeSet(hosts)) return withClient(hosts, hostOptions, placesOf(options), context.signal, over);
  await using nodes = await openFleet(hosts, hostOptions, placesOf(options));
  return await over(nodes);
}

/** A client, or a fleet. */
type Mapper = Pick<RemoteClient, "map" | "ship">;

async function printSettled(context: Context, results: AsyncIterable<MapResult>): Promise<ExitCode> {
  let code: ExitCode = exitCodes.value;
  for await (const each of results) {
    if (each.status === "fulfilled") await printLine(context, { index: each.index, value: toJson(each.value) });
    else {
      await printLine(context, { index: each.index, error: errorJson(each.reason) });
      code = exitCodes.raised;
    }
  }
  return code;
}

async function printLine({ stdout }: Context, document: unknown): Promise<void> {
  await stdout.write(`${JSON.stringify(document)}\n`);
}

/** An item for each line that is not empty: JSON where it is valid JSON, else text. */
async function* itemsOf(input: NodeJS.ReadableStream, isLiteral: boolean): AsyncGenerator<unknown, void, undefined> {
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line !== "") yield isLiteral ? line : parseArgument(line, `line ${number}`);
  }
}
