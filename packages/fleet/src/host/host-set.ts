/* An ordered set of hosts. */
import { showAs } from "@sremote/connectors";
import { InvalidArgumentError, type SremoteErrorOptions, given, checkFunction } from "@sremote/protocol";
import { expand, fold } from "../node-set/index.ts";
import { Host, type HostLike } from "@sremote/process";

/** Where a host is in a set: its index, from the end if negative, or its name, or `user@name:port` where several have that name. */
export type Position = number | string;

/** Hosts in an order, each once: of several equal ones the first stays. A set does not change; what would change it makes another. */
export class HostSet implements Iterable<Host> {
  readonly #hosts: readonly Host[];
  readonly #keys: ReadonlySet<string>;

  /** @throws InvalidArgumentError */
  constructor(hosts: Iterable<HostLike> = []) {
    const byKey = new Map<string, Host>();
    let index = 0;
    for (const each of checkHosts(hosts, "a list of hosts", { hint: "hostSet() takes a node set as text" })) {
      const host = Host.from(each, `hosts[${index++}]`);
      // A key that is there keeps its place.
      byKey.set(host.key, host);
    }
    this.#hosts = [...byKey.values()];
    this.#keys = new Set(byKey.keys());
  }

  get length(): number {
    return this.#hosts.length;
  }

  get names(): string[] {
    return this.#hosts.map(({ name }) => name);
  }

  [Symbol.iterator](): Iterator<Host> {
    return this.#hosts[Symbol.iterator]();
  }

  has(host: HostLike): boolean {
    return this.#keys.has(Host.from(host).key);
  }

  /** The index of a host, by value. -1: it is not there. */
  indexOf(host: Host): number {
    const wanted = Host.from(host).key;
    return this.#hosts.findIndex(({ key }) => key === wanted);
  }

  /** @throws InvalidArgumentError if there is none, or more than one of that name */
  at(position: Position): Host {
    const index = this.#index(position);
    const host = this.#hosts[index < 0 ? index + this.length : index];
    if (host === undefined) throw new InvalidArgumentError("position", `the index of one of ${this.length} hosts, not ${position}`);
    return host;
  }

  /**
   * The hosts from the first to the last, **both included**: `range("node2", "node4")`, `range(0, 2)`, `range(-2)`. An index past an end is
   * taken as that end.
   *
   * @throws InvalidArgumentError for a name that is not there
   */
  range(first: Position = 0, last: Position = -1): HostSet {
    const end = this.#index(last);
    // slice() would take the 0 that follows -1 as the beginning.
    return new HostSet(this.#hosts.slice(this.#index(first), end === -1 ? undefined : end + 1));
  }

  /** The hosts from the first up to, but **without**, the end, as `Array.prototype.slice` does. */
  slice(start: Position = 0, end?: Position): HostSet {
    return new HostSet(this.#hosts.slice(this.#index(start), end === undefined ? undefined : this.#index(end)));
  }

  /** These hosts, then those of the others that are not among them; a string is a node set of names. */
  union(...others: readonly (Iterable<HostLike> | string)[]): HostSet {
    const more = others.flatMap((each): HostLike[] => (typeof each === "string" ? expand(each) : [...checkHosts(each)]));
    return new HostSet([...this.#hosts, ...more]);
  }

  /** Without these hosts; a string is a node set of names, in which `*` and `?` match hosts of this set. */
  except(hosts: Iterable<HostLike> | string): HostSet {
    const isMember = this.#membership(hosts);
    return this.filter((host) => !isMember(host));
  }

  /** Only those that are among these hosts; a string is a node set of names. */
  intersect(hosts: Iterable<HostLike> | string): HostSet {
    return this.filter(this.#membership(hosts));
  }

  /**
   * So many hosts at random, each with the same chance, in the order of this set; all, if there are no more (clush `--pick`).
   *
   * @param random from 0 up to, but without, 1. Default `Math.random` @throws InvalidArgumentError
   */
  pick(count: number, random: () => number = Math.random): HostSet {
    if (!Number.isSafeInteger(count) || count < 0) throw new InvalidArgumentError("count", `a whole number, 0 or more${given(count)}`);
    if (typeof random !== "function") throw new InvalidArgumentError("random", `a function${given(random)}`);
    let wanted = Math.min(count, this.length);
    // Each is taken with the share of those that are still wanted in those that are left.
    return this.filter((_, index) => {
      const drawn = random();
      if (!(drawn >= 0 && drawn < 1))
        throw new InvalidArgumentError("random", `a function that returns numbers from 0 up to 1${given(drawn)}`);
      const isTaken = drawn * (this.length - index) < wanted;
      if (isTaken) wanted -= 1;
      return isTaken;
    });
  }

  filter(isWanted: (host: Host, index: number) => boolean): HostSet {
    checkFunction(isWanted, "isWanted");
    return new HostSet(this.#hosts.filter(isWanted));
  }

  map<T>(convert: (host: Host, index: number) => T): T[] {
    checkFunction(convert, "convert");
    return this.#hosts.map(convert);
  }

  /** The names as a node set: `node[1-7,9]`. */
  static {
    showAs(this, "HostSet", (self) => ({ hosts: self.toString(), length: self.length }));
  }

  toString(): string {
    return fold(this.names);
  }

  #membership(hosts: Iterable<HostLike> | string): (host: Host) => boolean {
    if (typeof hosts !== "string") {
      const keys = new HostSet(checkHosts(hosts)).#keys;
      return ({ key }) => keys.has(key);
    }
    const names = new Set(expand(hosts, { known: this.names }));
    return (host) => names.has(host.name) || names.has(host.toString());
  }

  #index(position: Position): number {
    if (typeof position === "number") {
      if (!Number.isInteger(position)) throw new InvalidArgumentError("position", `a whole number or a name${given(position)}`);
      return position;
    }
    const found = this.#named(position);
    if (found.length === 1) return found[0]!;
    if (found.length === 0) throw new InvalidArgumentError("position", `a host of this set${given(position)}`);
    const which = found.slice(0, 5).map((index) => String(this.#hosts[index]));
    throw new InvalidArgumentError(
      `position must name one host, but ${JSON.stringify(position)} names ${found.length}: ${which.join(", ")}`,
      undefined,
      {
        hint: "give an index, or user@name:port",
      },
    );
  }

  #named(position: string): number[] {
    const indices = [...this.#hosts.keys()];
    const byName = indices.filter((index) => this.#hosts[index]!.name === position);
    return byName.length > 0 ? byName : indices.filter((index) => this.#hosts[index]!.toString() === position);
  }
}

/** What is no list would be one without hosts: then `except` would leave out none of those that were meant. */
function checkHosts(
  hosts: Iterable<HostLike>,
  what = "a node set, or a list of hosts",
  options: SremoteErrorOptions = {},
): Iterable<HostLike> {
  if (typeof hosts !== "object" || hosts === null || !(Symbol.iterator in hosts)) {
    throw new InvalidArgumentError("hosts", `${what}${given(hosts)}`, options);
  }
  return hosts;
}
