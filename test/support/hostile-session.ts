/* A host in memory that starts a session as an endpoint of ours does, and then does what a test says. */
import { PassThrough } from "node:stream";
import type { Connector, SpawnedProcess } from "@sremote/connectors";
import { pythonSessionPayload } from "@sremote/endpoint";
import { encodePacket, encodeSessionMessage, packetKinds, PacketReader, protocolVersion } from "@sremote/protocol";
import type { HostFacts, Packet } from "@sremote/protocol";

export const hostFacts: HostFacts = {
  runtime: "python",
  version: "3.11.2",
  executable: "/usr/bin/python3",
  platform: "linux",
  pid: 1,
  home: "/",
  base: "/.sremote",
  endpoint: null,
};

export const welcome: readonly Uint8Array[] = encodePacket(packetKinds.welcome, 0, [
  encodeSessionMessage({ type: "welcome", protocol: protocolVersion, attach: "@nowhere", host: hostFacts }),
]);

export interface HostileSession {
  /** Bytes of the host, as they are. */
  say(...chunks: readonly Uint8Array[]): void;
  /** Ends the host's process. */
  end(): void;
}

export interface Script {
  /** Before anything else. @param marker what the client waits for */
  begin?(host: HostileSession, marker: Buffer): void;
  /** Each packet of the client. */
  packet?(packet: Packet, host: HostileSession): void;
}

/** An honest beginning: the marker and the welcome. */
export function honest(host: HostileSession, marker: Buffer): void {
  host.say(marker, ...welcome);
}

export function hostileSession(script: Script): Connector {
  const unused = (): never => {
    throw new Error("only live processes are expected");
  };
  return {
    label: "hostile://",
    acceptsStdin: true,
    exec: unused,
    push: unused,
    pull: unused,
    status: unused,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
    spawn: async (command): Promise<SpawnedProcess> => {
      const [a = "", b = ""] = (command as readonly string[]).slice(5, 7);
      const stdin = new PassThrough();
      const stdout = new PassThrough();
      const { promise: exit, resolve } = Promise.withResolvers<{ exitCode: number; signal: null }>();
      const end = (): void => {
        stdout.end();
        resolve({ exitCode: 0, signal: null });
      };
      const host: HostileSession = { say: (...chunks) => chunks.forEach((chunk) => stdout.write(chunk)), end };
      const reader = new PacketReader();
      let skip = pythonSessionPayload.size;
      stdin.on("data", (chunk: Buffer) => {
        const bytes = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - bytes.length;
        reader.push(bytes);
        for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
          script.packet?.(packet, host);
          if (packet.kind === packetKinds.bye) end();
        }
      });
      const marker = Buffer.from(b + a);
      if (script.begin === undefined) honest(host, marker);
      else script.begin(host, marker);
      return {
        stdin,
        stdout,
        stderr: new PassThrough(),
        exit,
        kill: async () => end(),
        [Symbol.asyncDispose]: async () => end(),
      };
    },
  };
}
