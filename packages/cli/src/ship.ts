/* sremote ship: code of this machine, put on a host before it is called */
import { hostText } from "@sremote/protocol";
import { type PlaceOptions, placesOf } from "./call.ts";
import type { Context } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import type { HostOptions } from "./host-options.ts";
import { withClient } from "./with-client.ts";

export interface ShipCommandOptions extends PlaceOptions {
  as?: string;
  node?: true;
  exclude?: string[];
  gitignore?: true;
}

/** Sends what the host lacks, has the host compile it, and tells what calls import now. */
export async function ship(
  context: Context,
  host: string,
  path: string,
  options: ShipCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const { as, node, exclude, gitignore } = options;
  const runtime = node === true ? "node" : "python";
  const settings = {
    runtime,
    ...(as === undefined ? {} : { as }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(gitignore === true ? { gitignore } : {}),
  } as const;
  await withClient(host, hostOptions, placesOf(options), context.signal, async (client) => {
    const { name, digest, files } = client.ship(path, settings);
    // Code travels with a call: the cheapest there is.
    const [module, fn] = runtime === "node" ? (["node:process", "uptime"] as const) : (["os", "getpid"] as const);
    await client.doRemoteCall(module, fn, [], { runtime, signal: context.signal });
    await context.stdout.write(hostText(`${host}: ${name}, ${files.length} ${files.length === 1 ? "file" : "files"}, ${digest}\n`));
  });
  return exitCodes.value;
}
