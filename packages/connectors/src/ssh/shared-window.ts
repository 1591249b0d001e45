/*
 * The window of a channel, which its stdout and stderr share (RFC 4254, 5.2). ssh2 1.17 opens it wholly whenever one of the two is read, however much of the other
 * lies unread: a host that takes turns could have us keep any amount. So what ssh2 would grant is counted anew here.
 */
import type { Client, ClientChannel } from "ssh2";

/** As in ssh2 1.17.0. */
const largest = 2_097_152;
/** It is opened again when it is half used up, or when little of it is left, and not byte by byte. */
const [usual, least] = [largest / 2, 262_144];

/** Where ssh2 1.17.0 keeps what it knows of a channel, and sends adjustments. */
interface Internals {
  readonly _protocol: { channelWindowAdjust(id: number, amount: number): void };
}
interface ChannelInternals {
  readonly incoming: { window: number };
  readonly outgoing: { readonly id: number; readonly state: string };
}

/** A connection with channels whose windows are shared. */
interface Shared {
  /** Sends an adjustment. */
  readonly adjust: (id: number, amount: number) => void;
  /** What becomes of ssh2's own, by the host's number of the channel. */
  readonly replaced: Map<number, (amount: number) => void>;
}

const connections = new WeakMap<Client, Shared>();

function sharedBy(client: Client): Shared {
  const known = connections.get(client);
  if (known !== undefined) return known;
  // oxlint-disable-next-line no-underscore-dangle, typescript/no-unsafe-type-assertion -- names of ssh2's
  const { _protocol: protocol } = client as unknown as Internals;
  const adjust = protocol.channelWindowAdjust.bind(protocol);
  const shared: Shared = { adjust, replaced: new Map() };
  connections.set(client, shared);
  protocol.channelWindowAdjust = (id, amount) => {
    const replaced = shared.replaced.get(id);
    if (replaced === undefined) adjust(id, amount);
    else replaced(amount);
  };
  return shared;
}

/** From now on a channel's unread output and its window are never more than one window together. To be called before anything of it is read. */
export function shareWindow(client: Client, channel: ClientChannel): void {
  const { adjust, replaced } = sharedBy(client);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- names of ssh2's
  const { incoming, outgoing } = channel as unknown as ChannelInternals;
  const { id } = outgoing;
  const settle = (): void => {
    const room = largest - channel.readableLength - channel.stderr.readableLength - incoming.window;
    // After the end of our input, `eof`, output still comes.
    if (outgoing.state === "closing" || outgoing.state === "closed" || !(room >= usual || (incoming.window < least && room >= least)))
      return;
    incoming.window += room;
    adjust(id, room);
  };
  replaced.set(id, (amount) => {
    incoming.window -= amount; // ssh2 has counted it already.
    settle();
  });
  channel.stderr.once("close", () => replaced.delete(id));
  channel.on("data", settle);
  channel.stderr.on("data", settle);
}
