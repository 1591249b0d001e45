/* Those who want to be told of sessions and calls: handlers of one client, and subscribers of the process. */
import { type Channel, channel } from "node:diagnostics_channel";
import { warnOfHandler } from "@sremote/connectors";
import { given, InvalidArgumentError } from "@sremote/protocol";
import type { ClientEventName, ClientEvents } from "./client-events.ts";

const names: readonly ClientEventName[] = ["connect", "disconnect", "reconnect", "call"];
/** Of the process. */
export const callChannel: Channel = channel("sremote:call");
/** Of the process: what all clients tell, those that fleets make included. */
const channels: Readonly<Record<ClientEventName, Channel>> = {
  connect: channel("sremote:connect"),
  disconnect: channel("sremote:disconnect"),
  reconnect: channel("sremote:reconnect"),
  call: callChannel,
};

type Handler = (event: never) => unknown;

export class Watchers {
  readonly handlers: Readonly<Record<ClientEventName, Set<Handler>>> = {
    connect: new Set(),
    disconnect: new Set(),
    reconnect: new Set(),
    call: new Set(),
  };

  /** @throws InvalidArgumentError */
  add<N extends ClientEventName>(name: N, handler: (event: ClientEvents[N]) => unknown): () => void {
    if (!names.includes(name)) throw new InvalidArgumentError("event", `"connect", "disconnect", "reconnect" or "call"${given(name)}`);
    if (typeof handler !== "function") throw new InvalidArgumentError("handler", `a function${given(handler)}`);
    // Each has its own, so that one that was added twice is called twice, and removed once.
    const own: Handler = (event: ClientEvents[N]) => handler(event);
    this.handlers[name].add(own);
    return () => void this.handlers[name].delete(own);
  }

  /** Never throws: a handler that does has a warning of the process for it, and ends neither a link nor a call. */
  tell<N extends ClientEventName>(name: N, event: ClientEvents[N]): void {
    for (const handler of this.handlers[name]) {
      (async () => handler(event as never))().catch((error: unknown) => warnOfHandler(name, error));
    }
    if (channels[name].hasSubscribers) channels[name].publish(event);
  }
}
