/*
 * What a host may make an SSH connection hold. ssh2 1.17 keeps whatever a channel gets, beyond the window it has granted too (RFC 4254, 5.2 forbids that),
 * and answers every request though the host reads no answers; there is no option for either. So its handlers are wrapped where they lie.
 */
import type { Duplex } from "node:stream";
import { ConnectError, hostLimits } from "@sremote/protocol";
import type { Client } from "ssh2";

/** What a packet has beside its data: head, padding, checksum. */
const packetBytes = 128;

type Handler = (protocol: unknown, ...given: unknown[]) => void;

/** Where ssh2 1.17.0, the version this package depends on, keeps its handlers and channels. */
interface Internals {
  readonly _protocol?: Outgoing & { readonly _handlers?: Record<string, Handler> };
  readonly _chanMgr?: { get(id: unknown): unknown };
}

/** What sends the caller's own bytes. */
interface Outgoing {
  channelData?(id: unknown, data: Uint8Array): void;
}

interface Incoming {
  readonly window: number;
  readonly packetSize: number;
}

/**
 * Ends the connection with the client's `error` event when the host sends more than it may. To be called once ssh2 has begun to use the socket, which it does
 * in the turn of `connect`.
 */
export function limitHost(client: Client, socket: Duplex, label: string): void {
  let refused = false;
  const refuse = (what: string): void => {
    if (refused) return;
    refused = true;
    client.emit("error", new ConnectError("limit-exceeded", `the host ${what}`, { stage: "connect", host: label }));
    socket.destroy();
  };

  let isReady = false;
  let early = 0;
  client.once("ready", () => (isReady = true));
  let [before, sent, answers] = [0, 0, 0];
  socket.prependListener("data", () => {
    before = socket.writableLength;
    sent = 0;
  });
  socket.on("data", (chunk: Buffer) => {
    if (!isReady && (early += chunk.length) > hostLimits.handshake)
      refuse(`sent more than ${hostLimits.handshake} bytes before it let us in`);
    // What was written while the host's bytes were read, but for what the caller sends, is answers.
    if (socket.writableLength === 0) answers = 0;
    else answers += Math.max(0, socket.writableLength - before - sent);
    if (answers > hostLimits.unsent && socket.writableLength > hostLimits.unsent) refuse("asks and asks, and does not read the answers");
  });

  // oxlint-disable-next-line no-underscore-dangle, typescript/no-unsafe-type-assertion -- names of ssh2's
  const { _protocol: protocol, _chanMgr: channels } = client as unknown as Internals;
  // oxlint-disable-next-line no-underscore-dangle -- a name of ssh2's
  const handlers = protocol?._handlers;
  if (handlers === undefined || channels === undefined) throw new Error("ssh2 is not the version that this connector depends on");
  const channelData = protocol?.channelData?.bind(protocol);
  if (protocol !== undefined && channelData !== undefined)
    protocol.channelData = (id, data) => {
      sent += data.length + packetBytes;
      channelData(id, data);
    };
  for (const name of ["CHANNEL_DATA", "CHANNEL_EXTENDED_DATA"]) {
    const original = handlers[name]!;
    handlers[name] = (own, recipient, data, ...rest): void => {
      const incoming = (channels.get(recipient) as { incoming?: Incoming } | undefined)?.incoming;
      const { length } = data as Uint8Array;
      if (incoming !== undefined && (length > incoming.window || length > incoming.packetSize))
        refuse(
          `sent ${length} bytes where ${Math.min(incoming.window, incoming.packetSize)} were allowed: it ignores the window of its channel`,
        );
      if (!refused) original(own, recipient, data, ...rest);
    };
  }
  // ssh2 would keep each list of host keys until the host has proved it, one for each such request. We never ask for them.
  const request = handlers["GLOBAL_REQUEST"]!;
  handlers["GLOBAL_REQUEST"] = (own, name, ...rest): void => {
    if (name !== "hostkeys-00@openssh.com") request(own, name, ...rest);
  };
}
