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
import { toJson } from "./value-json.ts";
import { withClient } from "./with-client.ts";

export interface MapCommandOptions extends Omit<CallCommandOptions, "json" | "id"> {
  spread?: true;
  settled?: true;
}

/** Prints a line of JSON for each item, in the order of the items; what the function prints goes to standard error. */
export async function map(
  context: Context,
  host: string,
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
  const print = (document: unknown): Promise<void> => context.stdout.write(`${JSON.stringify(document)}\n`);
  let hasFailed = false;
  await withClient(host, hostOptions, placesOf(options), context.signal, async (client: RemoteClient) => {
    shipAll(client, options);
    const items = itemsOf(process.stdin, isLiteral);
    if (options.settled !== true) {
      for await (const value of client.map(target.module, target.function, items, mapOptions)) await print(toJson(value));
      return;
    }
    const results: AsyncIterable<MapResult> = client.map(target.module, target.function, items, { ...mapOptions, settled: true });
    for await (const each of results) {
      if (each.status === "fulfilled") await print({ index: each.index, value: toJson(each.value) });
      else await print({ index: each.index, error: errorJson(each.reason) });
      hasFailed ||= each.status === "rejected";
    }
  });
  return hasFailed ? exitCodes.raised : exitCodes.value;
}

/** An item for each line that is not empty: JSON where it is valid JSON, else text. */
async function* itemsOf(input: NodeJS.ReadableStream, isLiteral: boolean): AsyncGenerator<unknown, void, undefined> {
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line !== "") yield isLiteral ? line : parseArgument(line, `line ${number}`);
  }
}
