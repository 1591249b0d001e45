/* A host that behaves in ways no endpoint of ours does. */
import { PassThrough } from "node:stream";
import type { Command, Connector, RemoteProcess } from "@sremote/connectors";
import { encodePacket, encodeSessionMessage, type HostFacts, packetKinds, protocolVersion, type SremoteError } from "@sremote/protocol";
import { expect, it } from "vitest";
import { openLink } from "./link.ts";
import { Session } from "./session.ts";

const facts: HostFacts = {
  runtime: "python",
  version: "3.11.2",
  executable: "/usr/bin/python3",
  platform: "linux",
  pid: 1,
  home: "/",
  base: "/.sremote",
  endpoint: null,
};

/** A process that says the same each time: what `says` gives after the marker. */
function process(marker: string, says: readonly Uint8Array[]): RemoteProcess {
  const stdout = new PassThrough();
  stdout.write(marker);
  for (const chunk of says) stdout.write(chunk);
  const { promise: exit } = Promise.withResolvers<{ exitCode: number | null; signal: string | null }>();
  const nothing = async (): Promise<void> => undefined;
  return { stdin: new PassThrough().resume(), stdout, stderr: new PassThrough(), exit, kill: nothing, [Symbol.asyncDispose]: nothing };
}

it("gives up a session of which the next packet is damaged on every link, instead of trying for ever", async () => {
  const damaged = Buffer.concat(encodePacket(packetKinds.stdout, 1, [Buffer.from("text")]));
  damaged[12]! ^= 1;
  const resumed = encodePacket(packetKinds.resumed, 0, [encodeSessionMessage({ type: "resumed", received: 1 })]);
  const welcome = { type: "welcome", protocol: protocolVersion, attach: "@nowhere", host: facts } as const;
  let links = 0;
  const unused = (): never => expect.unreachable();
  const connector: Connector = {
    label: "hostile",
    acceptsStdin: true,
    exec: unused,
    push: unused,
    pull: unused,
    status: unused,
    close: unused,
    [Symbol.asyncDispose]: unused,
    spawn: async (command: Command) => {
      links += 1;
      const [a, b] = (command as readonly string[]).slice(-2);
      const first = encodePacket(packetKinds.welcome, 0, [encodeSessionMessage(welcome)]);
      return process(`${b}${a}`, [...(links === 1 ? first : resumed), damaged]);
    },
  };
  const session = new Session({ connector, token: "0".repeat(32), lease: 60_000, heartbeat: 60_000 });
  const lost = Promise.withResolvers<SremoteError>();
  const stream = session.newStream({ packet: () => expect.unreachable(), drained: () => undefined, lost: (error) => lost.resolve(error) });
  session.send(packetKinds.open, stream, [new Uint8Array(2)]);
  const marker = ["a", "b"] as const;
  session.begin(await openLink({ connector, command: ["start", ...marker], marker, first: [], events: session.events }));
  expect(await lost.promise).toMatchObject({ code: "protocol-error" });
  expect(session.isOver).toBe(true);
  expect(links).toBe(7);
});
