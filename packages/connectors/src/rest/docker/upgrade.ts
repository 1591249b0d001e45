/* From a request to a connection in both directions. */
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { ConnectError, hostLimits } from "@sremote/protocol";
import { orAborted } from "../../deadline.ts";
import type { HttpLink } from "../http.ts";

/** What an engine says in place of the connection. */
export interface Refusal {
  readonly status: number;
  /** Not yet fit for a message. */
  readonly said: string;
}

/** Sends a POST whose reply is the connection, or why there is none. It is never sent twice. */
export async function upgrade(link: HttpLink, body: unknown, label: string, signal: AbortSignal): Promise<Duplex | Refusal> {
  const { url, headers, socketPath } = link;
  const text = JSON.stringify(body);
  const sent = request({
    ...(socketPath === undefined ? { host: url.hostname, port: url.port } : { socketPath }),
    path: url.pathname + url.search,
    method: "POST",
    agent: false,
    headers: {
      ...headers,
      host: url.host,
      connection: "Upgrade",
      upgrade: "tcp",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    },
  });
  const replied = Promise.race([
    once(sent, "upgrade").then(([, socket, head]) => opened(socket as Duplex, head as Buffer)),
    once(sent, "response").then(([reply]) => refusalOf(reply as IncomingMessage)),
  ]);
  sent.end(text);
  try {
    return await orAborted(replied, signal);
  } catch (error) {
    replied.catch(() => {});
    sent.on("error", () => {}).destroy();
    signal.throwIfAborted();
    throw new ConnectError("connection-lost", "the connection broke while the command was starting", {
      stage: "exec",
      host: label,
      cause: error,
    });
  }
}

/** What came along with the reply is the beginning of the connection's own bytes. */
function opened(socket: Duplex, head: Buffer): Duplex {
  if (head.length > 0) socket.unshift(head);
  return socket;
}

async function refusalOf(reply: IncomingMessage): Promise<Refusal> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > hostLimits.refusal) break;
  }
  return { status: reply.statusCode ?? 0, said: messageOf(Buffer.concat(chunks).toString("utf8", 0, hostLimits.refusal)) };
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text; // Not JSON: as it is.
  }
}
