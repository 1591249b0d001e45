/* From a host to this machine. */
import { InvalidArgumentError, given } from "@sremote/protocol";
import { orAborted } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { fillDiffs } from "./dry-run.ts";
import type { Listing, Root } from "./entry.ts";
import { sourcesOf } from "./follow-links.ts";
import { listHost } from "./host-tree.ts";
import { refuseNames } from "./local-names.ts";
import { listLocal } from "./local-tree.ts";
import { checkOptions, type CopyOptions } from "./options.ts";
import { checkSources, placeSources } from "./place.ts";
import { orphans } from "./plan.ts";
import { Pulling } from "./pulling.ts";
import { hashBoth } from "./both-sides.ts";
import type { TransferResult } from "./result.ts";
import { compare, resultOf, withHost } from "./transfer.ts";

/**
 * Copies files and trees from a host. Whatever the host says, nothing is written outside the destination.
 *
 * @param sources on the host; a relative path begins where commands do, most often in the home directory, and `~/x` always there. One path: the
 *   destination is what it is called here.
 *   A list, or a destination that ends with `/`: each goes into that directory under its own name
 *
 * @example
 * ```ts
 * import { ssh } from "sremote";
 * import { pull } from "sremote/transfer";
 *
 * await pull(ssh("me@gpu.example.org"), "results/run7", "run7");
 * ```
 */
export async function pull(
  connector: Connector,
  sources: string | readonly string[],
  destination: string,
  options: CopyOptions = {},
): Promise<TransferResult> {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", `an object${given(options)}`);
  const checked = checkOptions(options);
  const wanted = checkSources(sources, destination, "destination");
  const started = performance.now();
  return await withHost(connector, "pull", options, checked, async (transfer, starting) => {
    const { signal, host } = transfer;
    const exchange = await orAborted(starting, signal);
    const list = (roots: readonly Root[]): Promise<Listing> => orAborted(listHost(exchange, roots, checked.entryLimit, host), signal);
    const { listing, roots } = await sourcesOf(await list(wanted.roots), wanted.roots, checked, list);
    const placed = placeSources(wanted, listing, host);
    refuseNames(placed.source);
    const existing = await listLocal(placed.existing, checked.entryLimit, signal);
    const plan = await compare(transfer, placed.source, existing, exchange.exactTimes, (pairs) =>
      hashBoth(transfer, exchange, pairs, roots, placed.existing),
    );
    if (checked.dryRun) {
      await orAborted(fillDiffs(transfer, exchange, plan, existing, roots, placed.existing), signal);
      return resultOf(plan, [], 0, started, checked);
    }
    const pulling = new Pulling(transfer, exchange, plan, roots, placed.root);
    await pulling.run(existing, checked.delete ? orphans(existing, placed.source) : []);
    return resultOf(plan, pulling.failures, pulling.transferred, started, checked);
  });
}
