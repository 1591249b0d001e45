/* What hosts are called where they must not be taken for each other: in file names, prefixes of lines, and groups of equal output. */
import type { Host } from "@sremote/process";

/**
 * A label for each host, by its key: its name; where several have that name, `user@name:port`, and where these are equal too, that with the address or a
 * number behind it. Those that have one keep it.
 */
export function labelHosts(hosts: Iterable<Host>, known: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const fresh = [...hosts].filter(({ key }) => !known.has(key));
  if (fresh.length === 0) return known;
  const labels = new Map(known);
  const taken = new Set(known.values());
  for (const [name, same] of Map.groupBy(fresh, (host) => host.name)) {
    if (same.length === 1 && !taken.has(name)) labels.set(same[0]!.key, name);
    else for (const [index, host] of same.entries()) labels.set(host.key, longLabel(host, same, index));
    for (const { key } of same) taken.add(labels.get(key)!);
  }
  return labels;

  function longLabel(host: Host, same: readonly Host[], index: number): string {
    const forms: readonly ((each: Host) => string)[] = [String, (each) => `${String(each)}=${each.address}`];
    const form = forms.find((each) => {
      const own = each(host);
      return own !== host.name && !taken.has(own) && same.every((other) => other === host || each(other) !== own);
    });
    if (form !== undefined) return form(host);
    let number = index + 1;
    while (taken.has(`${host.name}#${number}`)) number += 1;
    return `${host.name}#${number}`;
  }
}
