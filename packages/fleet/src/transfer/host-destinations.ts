/* Where pulls from many hosts go, so that none overwrites what another brought. */
import { resolve } from "node:path";
import { InvalidArgumentError } from "@sremote/protocol";
import type { HostSet } from "../host/index.ts";
import { type Lists, substitute } from "../substitute.ts";

/**
 * A destination for each host: with `{{{host}}}`, `{{list}}` and the like filled in; where nothing is to be filled in and there are several hosts,
 * with the host's name behind it (`results/` becomes `results/node1/`, `out.csv` becomes `out.csv.node1`).
 *
 * @throws InvalidArgumentError when two hosts would have the same one
 */
export function hostDestinations(destination: string, hosts: HostSet, options: { lists?: Lists | undefined } = {}): string[] {
  const given = substitute(destination, hosts, { lists: options.lists, argument: "destination" });
  const isFilledIn = /(?<!\\)\{\{/.test(destination);
  const all = isFilledIn || hosts.length < 2 ? given : [...hosts].map(({ name }, index) => suffixed(given[index]!, name));
  // `x` and `./x` are one place.
  if (new Set(all.map((path) => resolve(path))).size !== all.length) {
    throw new InvalidArgumentError("destination", "another one for each host; `{{{host}}}` or `{{{name}}}` stands for its address or name");
  }
  return all;
}

function suffixed(destination: string, name: string): string {
  const safe = name.replaceAll("/", "_");
  return destination.endsWith("/") ? `${destination}${safe}/` : `${destination}.${safe}`;
}
