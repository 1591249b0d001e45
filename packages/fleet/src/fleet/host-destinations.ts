/* Where pulls from many hosts go, so that none overwrites what another brought, and however many hosts there are. */
import { resolve } from "node:path";
import { InvalidArgumentError, checkOptionNames, type OptionNames, checkString, given } from "@sremote/protocol";
import { asLocalName, localPath } from "@sremote/transfer";
import { HostSet, labelHosts } from "../host/index.ts";
import { type Lists, substitute } from "../substitute.ts";

export interface DestinationOptions {
  /** What `{{name}}` stands for, by host. @default none */
  lists?: Lists | undefined;
  /** What hosts are called, by their keys. @default their names, and `user@name:port` where several of these hosts have one name */
  labels?: ReadonlyMap<string, string> | undefined;
}

const optionNames: OptionNames<DestinationOptions> = { lists: true, labels: true };

/**
 * A destination for each host: with `{{{host}}}`, `{{list}}` and the like filled in; where nothing is to be filled in, with what the host is called behind it
 * (`results/` becomes `results/node1/`, `out.csv` becomes `out.csv.node1`), be it one host or many. What a host is called is one name: it never leads elsewhere.
 *
 * @throws InvalidArgumentError when two hosts would have the same one
 *
 * @example
 * ```ts
 * import { hostDestinations, hostSet } from "sremote/fleet";
 *
 * console.log(hostDestinations("logs/{{{name}}}.txt", hostSet("a,b")));
 * ```
 */
export function hostDestinations(destination: string, hosts: HostSet, options: DestinationOptions = {}): string[] {
  checkOptionNames(options, optionNames);
  checkString(destination, "destination");
  if (!(hosts instanceof HostSet)) throw new InvalidArgumentError("hosts", `a HostSet${given(hosts)}`);
  const labels = options.labels ?? labelHosts(hosts);
  const filledIn = substitute(destination, hosts, { lists: options.lists, argument: "destination", ofHost: asLocalName });
  const isFilledIn = /(?<!\\)\{\{/.test(destination);
  const all = isFilledIn ? filledIn : hosts.map(({ key }, index) => suffixed(filledIn[index]!, labels.get(key)!));
  // `x` and `./x` are one place.
  if (new Set(all.map(placeOf)).size !== all.length) {
    throw new InvalidArgumentError(
      "destination must differ for each host; `{{{host}}}` or `{{{name}}}` in it stands for the host's address or name",
    );
  }
  return all;
}

function suffixed(destination: string, label: string): string {
  const path = localPath(destination);
  return path.endsWith("/") ? `${path}${asLocalName(label)}/` : `${path}.${asLocalName(label)}`;
}

/** Where case is not told apart, `Node1` and `node1` are one place. */
function placeOf(path: string): string {
  const absolute = resolve(path);
  return process.platform === "win32" || process.platform === "darwin" ? absolute.toLowerCase() : absolute;
}
