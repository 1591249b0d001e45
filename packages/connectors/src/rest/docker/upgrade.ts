/* From a request to a connection in both directions. */
import type { Duplex } from "node:stream";
import { upgrade as ask } from "undici";
import { ConnectError } from "@sremote/protocol";
import type { Link } from "../http.ts";

/** Sends a POST whose reply is the connection. It is never sent twice. */
export async function upgrade(link: Link, body: unknown, label: string, signal: AbortSignal): Promise<Duplex> {
  const { url, headers, dispatcher } = link;
  try {
    const options = { method: "POST", protocol: "tcp", dispatcher, signal, body: JSON.stringify(body) };
    const { socket } = await ask(url, { ...options, headers: { ...headers, "content-type": "application/json" } });
    return socket;
  } catch (error) {
    signal.throwIfAborted();
    throw new ConnectError("connection-lost", "the command's start broke off", { stage: "exec", host: label, cause: error });
  }
}
