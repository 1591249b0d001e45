/* How fleets are made: from options and a configuration. */
import { local, type LocalOptions } from "@sremote/connectors";
import { InvalidArgumentError, given, checkObject } from "@sremote/protocol";
import { resolveConfiguration } from "../configuration/index.ts";
import { Host, type HostLike, hostSet } from "../host/index.ts";
import { createLogger } from "../log/index.ts";
import { defaultConnector } from "./connect.ts";
import { Connections } from "./connections.ts";
import { Fleet, type Shared } from "./fleet.ts";
import type { FleetOptions } from "./options.ts";

/** Milliseconds for each host within which first connections begin, and the most for all. */
const spreadForEach = 4;
const longestSpread = 500;

/**
 * A fleet of these hosts (see `hostSet`). Nothing is connected before it is needed.
 *
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { fleet } from "sremote/fleet";
 *
 * await using nodes = fleet("node[01-64]!node13", { username: "admin", concurrency: 32 });
 * const done = await nodes.run("uname -r");
 * ```
 */
export function fleet(hosts: HostLike | Iterable<HostLike>, options: FleetOptions = {}): Fleet {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", `an object${given(options)}`);
  const { configuration: loaded, connect = defaultConnector, retries = 2, logger, client = {}, usernames, known, ...own } = options;
  if (!Number.isSafeInteger(retries) || retries < 0)
    throw new InvalidArgumentError("options.retries", `a whole number, 0 or more${given(options.retries)}`);
  if (typeof connect !== "function") throw new InvalidArgumentError("options.connect", "a function from a host to a connector");
  const configuration = resolveConfiguration(own, loaded);
  const set = hostSet(hosts, { usernames, known, groups: configuration.groups, hosts: configuration.hosts });
  const spread = Math.min(longestSpread, set.length * spreadForEach);
  const shared: Shared = {
    configuration,
    logger: logger ?? createLogger({ level: configuration.logLevel }),
    connections: new Connections({ configuration, factory: connect, retries, spread, client }),
    live: new Set(),
    labels: new Map(),
  };
  return new Fleet(
    set,
    shared,
    set.map(() => undefined),
    false,
  );
}

/**
 * This machine as a fleet of one, called `localhost`.
 *
 * @example
 * ```ts
 * import { localFleet } from "sremote/fleet";
 *
 * await using here = localFleet();
 * await here.run("make");
 * ```
 */
export function localFleet(options: Omit<FleetOptions, "connect"> & LocalOptions = {}): Fleet {
  checkObject(options, "options");
  const { cwd, env, ...rest } = options;
  return fleet([new Host({ address: "localhost" })], { ...rest, connect: () => local({ cwd, env }) });
}
