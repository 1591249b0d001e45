/* The connections of a fleet: one for each host, made when first needed, kept until the fleet is closed. */
import { setTimeout as delay } from "node:timers/promises";
import { RemoteClient, type RemoteClientOptions, type ShipOptions, type ShippedCode, ShippedTrees } from "@sremote/client";
import { backOff, type Connector, pause } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";
import type { ResolvedConfiguration } from "../configuration/index.ts";
import type { Host } from "../host/index.ts";
import { Watchdog } from "@sremote/process";
import type { Turn } from "../run/index.ts";
import type { ConnectorFactory } from "./connect.ts";

export interface ConnectionSettings {
  readonly configuration: ResolvedConfiguration;
  readonly factory: ConnectorFactory;
  /** Maximum retries for each host. */
  readonly retries: number;
  /** First attempts begin within so many milliseconds, at random. */
  readonly spread: number;
  readonly client: RemoteClientOptions;
}

interface Entry {
  readonly connector: Connector;
  client: RemoteClient | undefined;
  /** Whether it was reached, and not lost since, as far as is known. */
  isReached: boolean;
  release: (() => void) | undefined;
}

/** Where nothing was begun, and another time may do better. A host that is not there, a wrong key or wrong credentials do not change. */
const passing: readonly string[] = ["connect-timeout", "connect-failed"];
/** The first back-off in milliseconds, doubled each time, and the longest. */
const firstPause = 250;
const longestPause = 5000;

export class Connections {
  readonly code: ShippedTrees = new ShippedTrees();
  readonly #settings: ConnectionSettings;
  readonly #entries = new Map<string, Entry>();
  #closed: Promise<void> | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /**
   * The connector of a host that was reached. While it is only waited for, others have the turn.
   *
   * @throws SremoteError that says why it could not be; the signal's reason when it is aborted
   */
  async open(host: Host, turn: Turn, signal: AbortSignal): Promise<Connector> {
    const entry = this.#entry(host);
    const { spread, retries } = this.#settings;
    if (!entry.isReached) await delay(Math.random() * spread, undefined, { signal });
    for (let attempt = 1; !entry.isReached; attempt += 1) {
      const { ok, error } = await entry.connector.status({ signal });
      if (ok) {
        entry.isReached = true;
        break;
      }
      signal.throwIfAborted();
      const why = SremoteError.from(error, "connect-failed", { host: entry.connector.label });
      if (!passing.includes(why.code) || attempt > retries) throw why;
      await turn.pause(() => pause(backOff(attempt, firstPause, longestPause, "around"), signal));
    }
    return entry.connector;
  }

  /** The watchdog stays between processes. */
  keepWatchdog(host: Host): void {
    const entry = this.#entry(host);
    if (entry.connector.spawn !== undefined) entry.release ??= Watchdog.on(entry.connector).keep();
  }

  /** Next time it is asked again whether it is there. */
  lost(host: Host): void {
    this.#entry(host).isReached = false;
  }

  client(host: Host): RemoteClient {
    const entry = this.#entry(host);
    if (entry.client === undefined) {
      entry.client = new RemoteClient(entry.connector, this.#settings.client);
      entry.client.shareCode(this.code);
    }
    return entry.client;
  }

  /** Shipped to all hosts: looked at once for a call on all of them. */
  ship(path: string, options: ShipOptions): ShippedCode {
    if (this.#closed !== undefined) throw new SremoteError("closed", "the fleet was closed");
    return this.code.ship(path, options, this.#settings.client.runtime ?? "python");
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await Promise.all(
      Array.from(this.#entries.values(), async ({ connector, client, release }) => {
        release?.();
        if (release !== undefined) await Watchdog.on(connector).gone();
        // A client closes its connector.
        await (client ?? connector).close();
      }),
    );
  }

  #entry(host: Host): Entry {
    if (this.#closed !== undefined) throw new SremoteError("closed", "the fleet was closed");
    const known = this.#entries.get(host.key);
    if (known !== undefined) return known;
    const { factory, configuration } = this.#settings;
    const entry: Entry = { connector: factory(host, configuration), client: undefined, isReached: false, release: undefined };
    this.#entries.set(host.key, entry);
    return entry;
  }
}
