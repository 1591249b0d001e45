/* A web page that shows what a Python function prints, while it runs on a host. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { local, RemoteClient, ssh } from "sremote";

const [host = "local"] = process.argv.slice(2);
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const page = readFileSync(file("page.html"));

const client = new RemoteClient(host === "local" ? local() : ssh(host));
client.ship(file("simulation.py"));

/** One event for each line, and one for the end. */
async function stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (event: string, data: unknown): void => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const left = new AbortController();
  // Also when the tab is closed: the function is interrupted on the host.
  response.on("close", () => left.abort());
  try {
    const query = new URL(request.url ?? "/", "http://localhost").searchParams;
    const steps = Number(query.get("steps") ?? 20);
    const call = client.call<number>("simulation", "run", [steps, 0.2], { signal: left.signal, timeout: 600_000 });
    for await (const line of call.stdout) send("line", line);
    send("done", await call.value);
  } catch (error) {
    send("failed", error instanceof Error ? error.message : String(error));
  }
  response.end();
}

const server = createServer((request, response) => {
  if (request.url?.startsWith("/run") === true) stream(request, response).catch(console.error);
  else response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
});
server.listen(Number(process.env["PORT"] ?? 8000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port} runs simulation.py on ${host}; Ctrl-C ends it`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
    // Ends what still runs on the host.
    client.close().then(() => process.exit(0), console.error);
  });
}
