/*
 * G05 G20 Hosts behind web services that answer with anything: the caller gets an error of ours, in bounded memory, and no exception escapes
 * (vitest fails a file whose run sees an unhandled one).
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { docker, jupyter } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { restKinds, restVariants } from "../rest/dialects.ts";
import { textFrame } from "../stubs/websocket-frames.ts";
import { peaceful } from "../stubs/hostile-server.ts";

/** Bodies that no service sends, and a hostile one may. */
const bodies: readonly string[] = [
  "null",
  "7",
  '"text"',
  "[null]",
  "{}",
  '{"systems":[null],"jobs":[null],"user":null,"output":null,"auth":null,"result":null,"task_id":null,"file":null}',
  '{"systems":{},"jobs":7,"user":[],"output":{},"auth":{},"result":{},"task_id":{},"file":{},"Id":{},"State":null}',
  `{"a":[${"{},".repeat(950_000)}{}]}`,
  `${"[".repeat(300)}${"]".repeat(300)}`,
];

/** How a command ends over a connector to the server: the error, or what came. The service is gone when the connector closes, which is quicker. */
async function outcome(server: Server, at: string | undefined, connect: (origin: string) => Connector): Promise<unknown> {
  if (at === undefined) server.listen(0, "127.0.0.1");
  else server.listen(at);
  await once(server, "listening");
  // An upgraded connection is no longer the server's own.
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => sockets.add(socket));
  const connector = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    return await connector.exec(["true"], { timeout: 1500 });
  } catch (error) {
    return error;
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
    await connector.close();
  }
}

/** Passes requests on, and answers those from the n-th on itself. */
function replacing(target: URL, from: number, body: string): Server {
  let seen = 0;
  return createServer((incoming, response) => {
    seen += 1;
    if (seen >= from) {
      incoming.resume();
      response.writeHead(200, { "content-type": "application/json" }).end(body);
      return;
    }
    const { method, headers, url = "/" } = incoming;
    const passed = request(new URL(url, target), { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    passed.on("error", () => response.destroy());
    incoming.pipe(passed);
  });
}

const isOurs = (ended: unknown): boolean =>
  ended instanceof SremoteError || (typeof ended === "object" && ended !== null && "exitCode" in ended);

describe.each([...restKinds, ...restVariants])("G05 $name", (kind) => {
  test.concurrent("whatever the service answers, from whichever request on", async () => {
    await using host = await kind.start(peaceful);
    const target = new URL(host.server.url);
    const cases = bodies.flatMap((body) => [1, 3].map((from) => [body, from] as const));
    const ended = await Promise.all(
      cases.map(([body, from]) =>
        outcome(replacing(target, from, body), undefined, (origin) =>
          host.connect({ baseUrl: `${origin}${kind.base}`, requestTimeout: 1000, visibilityTimeout: 300 }),
        ),
      ),
    );
    for (const [index, one] of ended.entries())
      expect(isOurs(one), `${cases[index]![0].slice(0, 60)} from request ${cases[index]![1]}: ${String(one)}`).toBe(true);
  });
});

describe("G05 docker", () => {
  test.concurrent("whatever the engine answers", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-hostile-"));
    try {
      const ended = await Promise.all(
        bodies.map((body, index) => {
          const socketPath = join(directory, String(index));
          const server = createServer((incoming, response) => {
            incoming.resume();
            response.writeHead(200, { "content-type": "application/json" }).end(body);
          });
          return outcome(server, socketPath, () => docker({ container: "c", socketPath }));
        }),
      );
      for (const one of ended) expect(one).toBeInstanceOf(SremoteError);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("G05 jupyter", () => {
  const frames: Readonly<Record<string, (socket: Duplex) => void>> = {
    ...Object.fromEntries(bodies.map((body) => [body.slice(0, 40), (socket: Duplex) => void socket.write(textFrame(Buffer.from(body)))])),
    "no JSON": (socket) => void socket.write(textFrame(Buffer.from("{"))),
    "members of other types": (socket) => {
      for (const header of ["null", "7", '"x"', '{"msg_type":"stream"}', '{"msg_type":"status"}', '{"msg_type":"execute_reply"}'])
        for (const [channel, content] of [
          ["shell", "null"],
          ["iopub", "7"],
          ["iopub", '{"text":{"toString":7}}'],
          ["shell", '{"user_expressions":[null]}'],
        ])
          socket.write(
            textFrame(
              Buffer.from(`{"channel":"${channel}","header":${header},"parent_header":{"msg_id":{"toString":1}},"content":${content}}`),
            ),
          );
    },
    "a message longer than any": (socket) => {
      const head = Buffer.alloc(10);
      head.set([0x81, 127]);
      head.writeBigUInt64BE(1n << 40n, 2);
      socket.write(head);
    },
  };

  async function outcomeOf(say: (socket: Duplex) => void): Promise<unknown> {
    const server = createServer((incoming, response) => {
      incoming.resume();
      const known: Readonly<Record<string, string>> = {
        "/api/kernelspecs": '{"default":"python3","kernelspecs":{"python3":{"spec":{"language":"python"}}}}',
        "GET /api/sessions": "[]",
        "POST /api/sessions": '{"id":"i","kernel":{"id":"k"}}',
      };
      const body = known[incoming.url!] ?? known[`${incoming.method} ${incoming.url}`] ?? "{}";
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    });
    server.on("upgrade", ({ headers }, socket: Duplex) => {
      socket.on("error", () => {});
      const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      say(socket);
    });
    return outcome(server, undefined, (baseUrl) => jupyter({ baseUrl, token: "secret-token" }));
  }

  test.concurrent("whatever the kernel says", async () => {
    const ended = await Promise.all(Object.values(frames).map(outcomeOf));
    for (const [index, one] of ended.entries()) expect(one, Object.keys(frames)[index]).toBeInstanceOf(SremoteError);
  });

  test.concurrent("sessions that are nothing of the kind are passed over", async () => {
    for (const sessions of ["[null]", "[7]", "{}", "null"]) {
      const server = createServer((incoming, response) => {
        incoming.resume();
        const isList = incoming.url?.startsWith("/api/sessions") === true;
        const specs = '{"default":"python3","kernelspecs":{"python3":{"spec":{"language":"python"}}}}';
        response.writeHead(200, { "content-type": "application/json" }).end(isList ? sessions : specs);
      });
      const ended = await outcome(server, undefined, (baseUrl) => jupyter({ baseUrl, token: "secret-token" }));
      expect(ended).toMatchObject({ code: "protocol-error" });
    }
  });
});
