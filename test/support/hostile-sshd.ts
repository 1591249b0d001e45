/* A hostile SSH host: ssh2's server, which sends past every window it is given. Sends its port and its key to its parent. */
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import { newKeyPair } from "../../scripts/labs/ssh2-key.ts";
import type { Connection, ServerChannel } from "ssh2";

/** Undefined: the name of the user who logs in. */
const given = process.argv[2];
const key = newKeyPair();
const blob = Buffer.from(key.public.split(" ")[1]!, "base64");
const fingerprint = `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;

/** Where ssh2 keeps what sends without looking at the window. */
interface Internals {
  readonly _protocol: {
    channelData(id: number, bytes: Buffer): void;
    channelExtData(id: number, bytes: Buffer, type: number): void;
  };
}

function run(connection: Connection, channel: ServerChannel, command: string, behaviour: string): void {
  for (const stream of [channel, channel.stderr]) stream.on("error", () => {});
  const line = command.replaceAll(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  const [, front = "", back = ""] = /([0-9a-f]{16}) ([0-9a-f]{16}) \$\$/.exec(line) ?? [];
  const begin = behaviour === "noise" ? "" : `${front}${back}${behaviour === "marker" ? " 1" : " 4711\n"}`;
  channel.write(begin);
  if (behaviour !== "stderr") channel.stderr.write(`${front}${back}\n`);
  if (behaviour === "honest-with-status") {
    // What openssh() asks for, which the exit status of the channel is not.
    const halves = line.match(/[0-9a-f]{16}/g) ?? [];
    channel.stderr.write(`${halves.slice(-2).join("")} 0\n`);
  }
  if (behaviour.startsWith("honest") || behaviour === "compress" || (behaviour === "fill" && /exec '?true/.test(line))) {
    channel.exit(0);
    channel.end();
    return;
  }
  // oxlint-disable-next-line no-underscore-dangle, typescript/no-unsafe-type-assertion -- names of ssh2's
  const { _protocol: protocol } = connection as unknown as Internals;
  const { outgoing } = channel as unknown as { outgoing: { id: number; window: number } };
  const { id } = outgoing;
  const chunk = Buffer.alloc(30_000, "1");
  if (behaviour === "fill") {
    channel.stderr.write(Buffer.alloc(32 << 20, "e"));
    channel.write(Buffer.alloc(4 << 20, "o"));
    return;
  }
  /** As much on one output as on the other, and as the window allows. */
  const turn = (): void => {
    for (; outgoing.window >= 2 * chunk.length; outgoing.window -= 2 * chunk.length) {
      protocol.channelData(id, chunk);
      protocol.channelExtData(id, chunk, 1);
    }
  };
  const flood = (): void => {
    if (behaviour === "turns") turn();
    else if (behaviour === "window") for (let each = 0; each < 200; each += 1) protocol.channelData(id, chunk);
    else (behaviour === "stderr" ? channel.stderr : channel).write(Buffer.alloc(1 << 20, "1"));
    timer = setTimeout(flood, 5);
  };
  let timer = setTimeout(flood, 5);
  channel.on("close", () => clearTimeout(timer));
  connection.on("close", () => clearTimeout(timer));
}

const compress = given === "compress" ? { algorithms: { compress: ["zlib", "zlib@openssh.com"] as ("zlib" | "zlib@openssh.com")[] } } : {};
const server = new ssh2.Server({ hostKeys: [key.private], ...compress }, (connection) => {
  connection.on("error", () => {});
  let behaviour = given ?? "";
  connection.on("authentication", (context) => {
    behaviour = given ?? context.username;
    context.accept();
  });
  connection.on("ready", () =>
    connection.on("session", (accept) =>
      accept().on("exec", (acceptExec, _reject, info) => run(connection, acceptExec(), info.command, behaviour)),
    ),
  );
});
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port, fingerprint, publicKey: key.public }));
