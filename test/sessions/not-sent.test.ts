/* A call that never got to the host is no lost one: when its session ends, it goes to the next. One that may have got there never runs again. */
import { RemoteClient } from "@sremote/client";
import type { Connector } from "@sremote/connectors";
import { ConnectError, encodeFrame, encodePacket, packetKinds } from "@sremote/protocol";
import { expect, test } from "vitest";
import { type HostileSession, hostileSession } from "../support/hostile-session.ts";
import { rejection } from "../support/rejection.ts";

const seven = encodeFrame('{"type":"result","outcome":"value","value":{"json":7}}');

test("G01 of two calls the one that was sent has an unknown outcome, the one that was not runs on the next session", async () => {
  const hosts: HostileSession[] = [];
  const opened: number[] = [];
  const cut = Promise.withResolvers<void>();
  const answering = hostileSession({
    packet: ({ kind, stream }, host) => {
      if (kind !== packetKinds.open) return;
      if (!hosts.includes(host)) hosts.push(host);
      opened.push(hosts.indexOf(host));
      if (hosts.length > 1) host.say(...encodePacket(packetKinds.data, stream, seven, { flags: 1, worker: 1 }));
      else host.end();
    },
  });
  let starts = 0;
  const refused = Promise.withResolvers<never>();
  const connector: Connector = {
    ...answering,
    spawn: async (command, options) => {
      starts += 1;
      if (starts !== 2) return await answering.spawn!(command, options);
      // The client comes to take the session up again, and is kept waiting.
      cut.resolve();
      return await refused.promise;
    },
  };
  await using client = new RemoteClient(connector);
  const sent = rejection(client.doRemoteCall("m", "sent"));
  await cut.promise;
  const waiting = client.doRemoteCall("m", "waiting");
  refused.reject(new ConnectError("host-key-changed", "another key"));
  expect(await sent).toMatchObject({ code: "outcome-unknown" });
  expect((await waiting).value).toBe(7);
  expect(opened).toEqual([0, 1]);
});
