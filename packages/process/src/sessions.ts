/*
 * Sessions of a connection are few: sshd allows ten (MaxSessions), hardened hosts one or two. A start that waits for one says so, and what waits only for
 * what does not end by itself is refused with the reason instead of waiting for ever.
 */
import type { Command, Connector, SpawnedProcess, SpawnOptions } from "@sremote/connectors";
import { ConnectError } from "@sremote/protocol";

/** How long nothing that ends by itself may hold a session before a start that waits is refused, in milliseconds. */
const hopeless = 3000;

/** What runs on a connector and ends some time: commands and transfers. Neither the watchdog nor sessions of calls do. */
const ending = new WeakMap<Connector, Set<object>>();
/** Those whose sessions have once been too few. */
const scarce = new WeakSet<Connector>();
const callbacks = new WeakMap<Connector, () => void>();

/** Counts it as something that holds a session and ends by itself. Returns a function for its end. */
export function holdSession(connector: Connector): () => void {
  const holder = {};
  const all = ending.get(connector) ?? new Set();
  ending.set(connector, all.add(holder));
  return () => void all.delete(holder);
}

/** Whether starts have had to wait on this connection: then nothing is to hold a session that is not needed just now. */
export function isScarce(connector: Connector): boolean {
  return scarce.has(connector);
}

/** Calls back when a start has to wait. */
export function whenScarce(connector: Connector, callback: () => void): void {
  callbacks.set(connector, callback);
}

/** As the connector's `spawn`. @throws ConnectError (`channel-failed`) when it would wait for ever */
export async function spawnInTurn(connector: Connector, command: Command, options: SpawnOptions): Promise<SpawnedProcess> {
  const control = new AbortController();
  const { signal = control.signal, onWait } = options;
  let watch: NodeJS.Timeout | undefined;
  let refusal: ConnectError | undefined;
  const waits = (reason: string): void => {
    scarce.add(connector);
    callbacks.get(connector)?.();
    onWait?.(reason);
    let since = performance.now();
    watch = setInterval(() => {
      if ((ending.get(connector)?.size ?? 0) > 0) since = performance.now();
      if (performance.now() - since < hopeless) return;
      refusal = new ConnectError(
        "channel-failed",
        `no session is free: it waits for ${reason}, and the sessions in use do not end by themselves`,
        {
          stage: "start",
          host: connector.label,
          hint: "a command that reads input, has a terminal or runs for more than a second needs a second session, for its watchdog, unless `killOnDisconnect` is false; a client's calls use one more",
        },
      );
      control.abort(refusal);
    }, 250).unref();
  };
  try {
    return await connector.spawn!(command, { ...options, signal: AbortSignal.any([signal, control.signal]), onWait: waits });
  } catch (error) {
    throw refusal ?? error;
  } finally {
    clearInterval(watch);
  }
}
