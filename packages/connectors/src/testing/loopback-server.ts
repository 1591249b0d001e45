/* A web server on loopback for the unit tests beside the sources: it answers as the test says. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export type Serve = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface LoopbackServer extends AsyncDisposable {
  /** With a path, below which requests go. */
  readonly url: URL;
}

/** What `serve` throws ends the connection, so that no test waits for an answer in vain. */
export async function startLoopback(serve: Serve): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    (async () => serve(request, response))().catch((error: unknown) => response.destroy(error as Error));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/base`),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The fields of a form that was sent. */
export async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams(await text(request));
}
