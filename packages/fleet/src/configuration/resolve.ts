import { InvalidArgumentError } from "@sremote/protocol";
import { type Groups, groupsOf } from "../node-set/index.ts";
import { parseDuration } from "../time/index.ts";
import { checkConfiguration } from "./check-option.ts";
import { defaultConfiguration } from "./options.ts";
import type { FleetConfiguration, ResolvedConfiguration } from "./options.ts";

/**
 * For a configuration in TypeScript: checks it, and gives it back.
 *
 * @throws InvalidArgumentError naming the wrong option
 *
 * @example
 * ```ts
 * import { defineConfig } from "sremote/fleet";
 *
 * export default defineConfig({ username: "admin", timeout: "1h", groups: { gpu: "gpu[1-4]" } });
 * ```
 */
export function defineConfig(configuration: FleetConfiguration): FleetConfiguration {
  checkConfiguration(configuration);
  return configuration;
}

/**
 * One configuration of several, over the defaults. The first that says something wins, so the strongest comes first:
 * `resolveConfiguration(options, insecureCluster, loaded)`. Hosts and groups of all are put together, by name.
 *
 * @throws InvalidArgumentError naming the wrong option
 *
 * @example
 * ```ts
 * import { insecureCluster, loadConfiguration, resolveConfiguration } from "sremote/fleet";
 *
 * const configuration = resolveConfiguration({ timeout: "1h" }, insecureCluster, await loadConfiguration("fleet.json"));
 * ```
 */
export function resolveConfiguration(...configurations: readonly (FleetConfiguration | undefined)[]): ResolvedConfiguration {
  const given = configurations.filter((each) => each !== undefined);
  for (const each of given) checkConfiguration(each);
  const said = <Name extends keyof FleetConfiguration>(name: Name): Exclude<FleetConfiguration[Name], undefined> | undefined =>
    given.find((each) => each[name] !== undefined)?.[name] as Exclude<FleetConfiguration[Name], undefined> | undefined;
  const {
    username,
    port,
    privateKeyPath,
    connector,
    hostKey,
    sshConfig,
    connectTimeout,
    concurrency,
    timeout,
    forceKillAfterDelay,
    pty,
    outputInLog,
    logLevel,
    color,
  } = defaultConfiguration;
  const weakestFirst = given.toReversed();
  return Object.freeze({
    username: or(said("username"), username),
    port: or(said("port"), port),
    privateKeyPath: or(said("privateKeyPath"), privateKeyPath),
    hosts: Object.freeze(Object.fromEntries(weakestFirst.flatMap(({ hosts }) => Object.entries(hosts ?? {})))),
    groups: new Map(weakestFirst.flatMap((each) => [...groupsIn(each)])),
    connector: said("connector") ?? connector,
    hostKey: said("hostKey") ?? hostKey,
    sshConfig: said("sshConfig") ?? sshConfig,
    connectTimeout: parseDuration(said("connectTimeout") ?? connectTimeout),
    concurrency: said("concurrency") ?? concurrency,
    timeout: parseDuration(or(said("timeout"), timeout)),
    forceKillAfterDelay: parseDuration(said("forceKillAfterDelay") ?? forceKillAfterDelay),
    pty: said("pty") ?? pty,
    outputInLog: said("outputInLog") ?? outputInLog,
    logLevel: said("logLevel") ?? logLevel,
    color: said("color") ?? color,
  });
}

/** Unlike `??`, null stays: it says none. */
function or<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value;
}

function groupsIn({ groups }: FleetConfiguration): Groups {
  if (typeof groups !== "string") return groups === undefined ? new Map() : groupsOf(groups, "configuration.groups");
  throw new InvalidArgumentError("configuration.groups", "groups, not the path of a file", {
    hint: "loadConfiguration reads files of groups; elsewhere use loadGroups",
  });
}
