/* Servers that stop answering at a chosen place on the way from the first packet of TCP to a shell. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import ssh2, { type ServerChannel } from "ssh2";
import { newKeyPair } from "../../scripts/labs/ssh2-key.ts";

/** Where a server stops answering. */
export const coldPlaces = ["accept", "banner", "key exchange", "authentication", "channel", "exec", "shell", "marker"] as const;
export type ColdPlace = (typeof coldPlaces)[number];

export interface StallingHost extends AsyncDisposable {
  readonly port: number;
}

export async function startStallingHost(place: ColdPlace): Promise<StallingHost> {
  if (place === "accept") return await neverAccepting();
  if (place === "banner") return await listening(createServer((socket) => quiet(socket)));
  if (place === "key exchange") return await listening(createServer((socket) => quiet(socket).write("SSH-2.0-stalls\r\n")));
  const keys = newKeyPair();
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      if (place !== "authentication") context.accept();
    });
    connection.on("session", (accept) => {
      if (place === "channel") return;
      const session = accept();
      session.on("exec", (acceptExec) => {
        if (place === "exec") return;
        const channel: ServerChannel = acceptExec();
        channel.on("error", () => undefined).resume();
        // A login shell that asks a question, and one that says nothing.
        if (place === "marker") channel.write("Continue? ");
      });
    });
  });
  return await listening(server);
}

function quiet(socket: Socket): Socket {
  return socket.on("error", () => undefined).resume();
}

async function listening(server: Server): Promise<StallingHost> {
  // Sockets, or the connections of ssh2.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        // Connections of ssh2 have no `destroy`.
        if (typeof (socket as Partial<Socket>).destroy === "function") socket.destroy();
        else socket.end();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A listener whose queue is full: the kernel answers no further connection. */
async function neverAccepting(): Promise<StallingHost> {
  const program =
    "import socket, sys\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen(0)\nprint(s.getsockname()[1], flush=True)\nsys.stdin.read()";
  const child = spawn("python3", ["-c", program], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  const fillers = Array.from({ length: 4 }, () => quiet(connect(port, "127.0.0.1")));
  await once(fillers[0]!, "connect");
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const filler of fillers) filler.destroy();
      child.stdin.end();
      await once(child, "close");
    },
  };
}
