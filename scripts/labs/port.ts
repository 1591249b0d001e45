import { createServer } from "node:net";
import type { Server } from "node:net";

/** A TCP port that is free at the address now. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, host, () => {
      const port = portOf(server);
      server.close(() => resolve(port));
    });
  });
}

/** The port that a server listens at. */
export function portOf(server: Pick<Server, "address">): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen at a port");
  return address.port;
}
