/* Many hosts, and what is done on them. */
import {
  type CallArguments,
  checkMap,
  type MapItems,
  type MapResult,
  type RemoteMap,
  type ShipOptions,
  type ShippedCode,
} from "@sremote/client";
import { type Connector, ownBytes, showAs } from "@sremote/connectors";
import { InvalidArgumentError, checkConstruction } from "@sremote/protocol";
import { type MakeCall, RemoteCall, takeArguments } from "../call/index.ts";
import type { ResolvedConfiguration } from "../configuration/index.ts";
import { type Host, type HostLike, HostSet, hostSet, labelHosts, type Position } from "../host/index.ts";
import type { Logger } from "../log/index.ts";
import { checkPlacement, checkProcessOptions, defaultTotalOutputLimit, type Job, RemoteProcess } from "@sremote/process";
import { type FleetMapOptions, mapOver, type SettledFleetMap } from "../map/index.ts";
import {
  FileTap,
  HostRun,
  type MakeJob,
  nameOf,
  render,
  renderEnvironment,
  type Run,
  type RunCommand,
  teeTo,
  type Turn,
} from "../run/index.ts";
import { parseDuration } from "../time/index.ts";
import type { Connections } from "./connections.ts";
import { type CopyingFleet, pullFromAll, pushToAll, syncAll } from "./copies.ts";
import { remotePath } from "./remote-path.ts";
import type { RemoteTransfer } from "./remote-transfer.ts";
import {
  checkCall,
  checkRunOptions,
  defined,
  type FleetCallOptions,
  type FleetTransferOptions,
  type GroupOptions,
  type OutputOptions,
  type RunOptions,
  splitGroupOptions,
} from "./options.ts";

/** What a fleet and its selections have in common. */
export interface Shared {
  readonly configuration: ResolvedConfiguration;
  readonly logger: Logger;
  readonly connections: Connections;
  readonly live: Set<Run<never>>;
  /** What hosts are called where they must not be taken for each other, by their keys. */
  labels: ReadonlyMap<string, string>;
}

/** Hosts for the operations of sets: of a fleet, a list, or a node set. */
export type Hosts = Fleet | Iterable<HostLike> | string;

/** An ordered set of hosts and the connections to them. Selections share the connections, which are closed with the fleet they come from. */
export class Fleet implements AsyncDisposable, Iterable<Fleet> {
  readonly hosts: HostSet;
  readonly #shared: Shared;
  readonly #directories: readonly (string | undefined)[];
  readonly #isSelection: boolean;

  /** @internal use {@link fleet} */
  constructor(hosts: HostSet, shared: Shared, directories: readonly (string | undefined)[], isSelection: boolean) {
    checkConstruction(hosts instanceof HostSet && Array.isArray(directories), "Fleet", "fleet() makes one");
    this.hosts = hosts;
    this.#shared = shared;
    this.#directories = directories;
    this.#isSelection = isSelection;
    shared.labels = labelHosts(hosts, shared.labels);
  }

  get length(): number {
    return this.hosts.length;
  }
  get configuration(): ResolvedConfiguration {
    return this.#shared.configuration;
  }

  static {
    showAs(this, "Fleet", (self) => ({ hosts: self.hosts.toString(), length: self.length }));
  }

  /** One host, as a fleet of one. @throws InvalidArgumentError @example await hosts.at("node1").run("hostname"); */
  at(position: Position): Fleet {
    return this.#select(new HostSet([this.hosts.at(position)]));
  }
  /** From the first to the last, **both included**. @example await hosts.range("node2", "node4").run("hostname"); */
  range(first?: Position, last?: Position): Fleet {
    return this.#select(this.hosts.range(first, last));
  }
  /** From the first up to, but without, the end. */
  slice(start?: Position, end?: Position): Fleet {
    return this.#select(this.hosts.slice(start, end));
  }
  /**
   * These hosts, then those of the others that are not among them. A string is a node set, with the groups and hosts of the configuration. All are
   * reached as this fleet's hosts are, over its connections; working directories of other fleets' hosts come with them.
   *
   * @throws InvalidArgumentError
   * @example const all = hosts.union("login[1-2]");
   */
  union(...others: readonly Hosts[]): Fleet {
    const { groups, hosts } = this.#shared.configuration;
    const sets = others.map((each) => (each instanceof Fleet ? each.hosts : hostSet(each, { groups, hosts })));
    const all = this.hosts.union(...sets);
    const fleets = [this, ...others.filter((each) => each instanceof Fleet)];
    const directories = all.map((host) => fleets.find((each) => each.hosts.has(host))?.directoryOf(host));
    return new Fleet(all, this.#shared, directories, true);
  }
  /** Only those hosts of the fleet that are among these, too; a string is a node set of names. */
  intersect(hosts: Hosts): Fleet {
    return this.#select(this.hosts.intersect(listed(hosts)));
  }
  /** The same as {@link intersect}. @example await hosts.only("node[1-3]").run("hostname"); */
  only(hosts: Hosts): Fleet {
    return this.intersect(hosts);
  }
  /** Without these hosts; a string is a node set of names. @example await hosts.except("node3").run("hostname"); */
  except(hosts: Hosts): Fleet {
    return this.#select(this.hosts.except(listed(hosts)));
  }
  /** So many hosts at random, in their order; all, if there are no more. @throws InvalidArgumentError @example await hosts.pick(2).run("hostname"); */
  pick(count: number, random?: () => number): Fleet {
    return this.#select(this.hosts.pick(count, random));
  }
  filter(isWanted: (host: Host, index: number) => boolean): Fleet {
    return this.#select(this.hosts.filter(isWanted));
  }
  /** Each host as a fleet of one. */
  *[Symbol.iterator](): Iterator<Fleet> {
    for (const host of this.hosts) yield this.#select(new HostSet([host]));
  }

  /**
   * The same hosts with another working directory, or one for each host: for what is run and called, and for paths of the host in `push`, `pull` and `sync`.
   * A relative path is relative to the one before, and at first to the home directory. That it exists is found out by what runs there.
   * @example await hosts.cd("/srv/app").run("git pull");
   */
  cd(path: string | readonly string[]): Fleet {
    const paths = typeof path === "string" ? this.hosts.map(() => path) : path;
    if (!Array.isArray(paths) || paths.length !== this.length) {
      throw new InvalidArgumentError("path", `a directory, or a list with one for each of ${this.length} hosts`);
    }
    for (const each of paths) checkPlacement({ cwd: each }, "path");
    const directories = this.#directories.map((before, index) => remotePath(before, (paths as readonly string[])[index]!));
    return new Fleet(this.hosts, this.#shared, directories, true);
  }

  /**
   * Runs a command on all hosts, and does not wait: awaited, the run gives its result. A function, or `each([…])`, gives each host its own.
   *
   * @throws InvalidArgumentError; nothing has run then
   * @example const { ok, worst } = await hosts.run("uptime", { timeout: "10s" });
   */
  run(command: RunCommand, options: RunOptions = {}): Run<RemoteProcess> {
    checkRunOptions(options);
    const [group, own] = splitGroupOptions(options);
    const { hostTimeout, lists, substitution, tee, logDir, ...rest } = own;
    checkProcessOptions({ ...rest, timeout: hostTimeout });
    const hosts = [...this.hosts];
    const { configuration } = this.#shared;
    const processOptions = {
      pty: configuration.pty,
      forceKillAfterDelay: configuration.forceKillAfterDelay,
      ...defined(rest),
      timeout: hostTimeout,
    };
    if (processOptions.stdin instanceof Uint8Array) processOptions.stdin = ownBytes(processOptions.stdin);
    const variables = renderEnvironment(rest.env, hosts, lists);
    const makers = render(command, hosts, { lists, substitution }).map((each, index): MakeJob<RemoteProcess> => {
      const host = hosts[index]!;
      const cwd = processOptions.cwd === undefined ? this.#directories[index] : remotePath(this.#directories[index], processOptions.cwd);
      const logged = { logger: this.#shared.logger, outputInLog: configuration.outputInLog, ...defined(rest) };
      const reach = (turn: Turn, signal: AbortSignal): Promise<Connector> =>
        this.#reach(host, turn, signal, rest.killOnDisconnect !== false);
      const all = { ...processOptions, ...logged, name: host.toString(), host, cwd, env: variables[index] };
      return (turn, memory) =>
        this.#follow(
          new RemoteProcess((signal) => reach(turn(), signal), each, all, { memory, label: this.#shared.labels.get(host.key) }),
          {
            tee,
            logDir,
          },
        );
    });
    return this.#make(makers, nameOf(command), group, rest.outputLimit);
  }

  /**
   * Calls on all hosts import this code, as with `RemoteClient.ship`. A call runs one version on all hosts, that of the moment when it was made, and each host
   * gets what it lacks. Selections share it.
   *
   * @throws InvalidArgumentError; SremoteError where the code cannot be read
   * @example hosts.ship("./analysis"); // and then: await hosts.call("analysis.fit", "run")
   */
  ship(path: string, options: ShipOptions = {}): ShippedCode {
    return this.#shared.connections.ship(path, options);
  }

  /**
   * Calls a function on all hosts, over one session for each. Awaiting the run gives its result; each of its `jobs` has the `value` of its host.
   *
   * @param args as of `RemoteClient.call`, or a function that gives them for each host
   * @throws InvalidArgumentError; nothing was sent then
   * @example const { jobs } = await hosts.call<number>("os", "cpu_count");
   */
  call<T = unknown>(
    module: string,
    fn: string,
    args: CallArguments | ((host: Host, index: number) => CallArguments) = [],
    options: FleetCallOptions = {},
  ): Run<RemoteCall<T>> {
    checkCall(module, fn, args, options);
    const [group, ofCall] = splitGroupOptions(options);
    const { hostTimeout, tee, logDir, ignore = [], ...rest } = ofCall;
    const { configuration, connections, logger } = this.#shared;
    const milliseconds = parseDuration(hostTimeout, { argument: "options.hostTimeout" });
    const taken = typeof args === "function" ? [] : takeArguments(args);
    const { code } = connections;
    const versions = code.freeze();
    const makeCall: MakeCall = (make) => code.at(versions, make);
    const common = { ...rest, kwargs: takeArguments(rest.kwargs), env: takeArguments(rest.env) };
    const makers = this.hosts.map((host, index): MakeJob<RemoteCall<T>> => {
      const own = typeof args === "function" ? takeArguments(args(host, index)) : taken;
      const directory = this.#directories[index];
      const cwd = rest.cwd === undefined ? directory : remotePath(directory, rest.cwd);
      const what = { module, fn, args: own, options: { ...common, cwd }, makeCall };
      const { forceKillAfterDelay, outputInLog } = configuration;
      const settings = {
        name: host.toString(),
        label: this.#shared.labels.get(host.key),
        host,
        ignore,
        output: "collect" as const,
        outputLimit: rest.outputLimit,
        forceKillAfterDelay,
        timeout: milliseconds,
        logger,
        outputInLog,
      };
      return (turn, memory) =>
        this.#follow(
          new RemoteCall<T>(
            async (signal) => {
              await this.#reach(host, turn(), signal, false);
              return connections.client(host);
            },
            what,
            { ...settings, memory },
          ),
          { tee, logDir },
        );
    });
    return this.#make(makers, `${module}.${fn}`, group, rest.outputLimit);
  }

  /**
   * Calls a function once for each item, as `RemoteClient.map`, on all hosts: each gets items as it gets free. Items of a host that is lost, or not reached, go to
   * the others as far as they had not begun; `lostHosts` names such hosts. The map rejects when none is left.
   *
   * @throws InvalidArgumentError; nothing was sent then
   * @example const sizes = await hosts.map<number>("builtins", "len", ["a", "bc"]);
   */
  map<T = unknown>(module: string, fn: string, items: MapItems, options: SettledFleetMap): RemoteMap<MapResult<T>>;
  map<T = unknown>(module: string, fn: string, items: MapItems, options?: FleetMapOptions): RemoteMap<T>;
  map(module: string, fn: string, items: MapItems, options: FleetMapOptions = {}): RemoteMap {
    checkMap(module, fn, items, typeof options === "object" && options !== null ? { ...options, timeout: undefined } : options);
    const { connections, configuration } = this.#shared;
    const versions = connections.code.freeze();
    return mapOver(module, fn, items, options, {
      hosts: [...this.hosts],
      concurrency: configuration.concurrency,
      label: (host) => this.#shared.labels.get(host.key) ?? host.toString(),
      directory: (index, cwd) => (cwd === undefined ? this.#directories[index] : remotePath(this.#directories[index], cwd)),
      client: (host) => connections.client(host),
      open: (host, turn, signal) => this.#reach(host, turn, signal, false),
      makeCall: (make) => connections.code.at(versions, make),
    });
  }

  /**
   * Copies files and directories to all hosts (see `push`). `{{{host}}}` and `{{list}}` are filled in, in sources and destination.
   *
   * @throws InvalidArgumentError; nothing was begun then
   * @example await hosts.push("app.tar", "/srv/").orThrow();
   */
  push(sources: string | readonly string[], destination: string, options: FleetTransferOptions = {}): Run<RemoteTransfer> {
    return pushToAll(this.#copying(), sources, destination, options);
  }

  /**
   * Copies files and directories from all hosts (see `pull`), each to a place of its own, which does not depend on how many hosts there are: with `{{{host}}}`,
   * `{{list}}` and the like filled in, or with the host's name behind the destination. @throws InvalidArgumentError; nothing was begun then
   * @example await hosts.pull("/var/log/syslog", "logs/").orThrow();
   */
  pull(sources: string | readonly string[], destination: string, options: FleetTransferOptions = {}): Run<RemoteTransfer> {
    return pullFromAll(this.#copying(), sources, destination, options);
  }

  /** Makes a tree of each host like a local one, or vice versa: see `sync`. @example await hosts.sync("site/", "/srv/site", { direction: "push" }); */
  sync(here: string, there: string, options: FleetTransferOptions & { direction: "push" | "pull" }): Run<RemoteTransfer> {
    return syncAll(this.#copying(), here, there, options);
  }

  /** @internal Where what is run on a host begins; undefined: in its home directory. */
  directoryOf(host: Host): string | undefined {
    return this.#directories[this.hosts.indexOf(host)];
  }

  /** Ends what still runs, and the connections. On a selection, and after `cd`, it does nothing: the connections are the whole fleet's. */
  async close(): Promise<void> {
    if (this.#isSelection) return;
    await Promise.all([...this.#shared.live].map((run) => run.kill()));
    await this.#shared.connections.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #select(hosts: HostSet): Fleet {
    return new Fleet(
      hosts,
      this.#shared,
      hosts.map((host) => this.directoryOf(host)),
      true,
    );
  }

  async #reach(host: Host, turn: Turn, signal: AbortSignal, watchdog: boolean): Promise<Connector> {
    const { connections } = this.#shared;
    const connector = await connections.open(host, turn, signal);
    if (watchdog) connections.keepWatchdog(host);
    return connector;
  }

  #copying(): CopyingFleet {
    const { configuration, logger, labels } = this.#shared;
    return {
      hosts: this.hosts,
      configuration,
      logger,
      labels,
      directoryAt: (index) => this.#directories[index],
      reach: (host, turn, signal) => this.#reach(host, turn, signal, false),
      follow: (job) => this.#follow(job, {}),
      make: (makers, what, group) => this.#make(makers, what, group),
    };
  }

  #follow<J extends Job>(job: J, { tee, logDir }: OutputOptions): J {
    if (tee !== undefined && tee !== false) job.tap(teeTo(tee === true ? process.stdout : tee, job));
    if (logDir !== undefined) job.tap(new FileTap(logDir, job));
    job.on("end", ({ reason, host }) => {
      if (reason === "unreachable" && host !== undefined) this.#shared.connections.lost(host);
    });
    return job;
  }

  #make<J extends Job>(makers: readonly MakeJob<J>[], what: string, group: GroupOptions, outputLimit = 0): Run<J> {
    const { name = what, timeout, concurrency, autoStart, signal, totalOutputLimit } = group;
    const { configuration, live } = this.#shared;
    const settings = {
      name,
      timeout: timeout === undefined ? configuration.timeout : timeout,
      concurrency: concurrency ?? configuration.concurrency,
      totalOutputLimit: totalOutputLimit ?? Math.max(defaultTotalOutputLimit, 2 * outputLimit),
      color: configuration.color,
      signal,
    };
    const watch = (run: Run<J>): void => {
      live.add(run as unknown as Run<never>);
      run.on("over", () => void live.delete(run as unknown as Run<never>));
    };
    return new HostRun(settings, makers, watch, autoStart);
  }
}

const listed = (hosts: Hosts): Iterable<HostLike> | string => (hosts instanceof Fleet ? hosts.hosts : hosts);
