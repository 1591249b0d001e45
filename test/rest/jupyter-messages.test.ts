/* What one is told who has the address, the credentials or the certificate of a Jupyter Server wrong: a sentence each, and no page of HTML. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { jupyter, shell } from "@sremote/connectors";
import type { JupyterOptions } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startJupyter } from "../../scripts/labs/jupyter.ts";
import type { JupyterLab } from "../../scripts/labs/jupyter.ts";
import { rejection } from "../support/rejection.ts";

/** The error of a first command, and of `status`, which say the same. */
async function told(options: JupyterOptions): Promise<SremoteError> {
  await using connector = jupyter(options);
  const error = await rejection(connector.exec(["true"]), SremoteError);
  const status = await connector.status();
  expect([status.ok, (status.error as SremoteError).code]).toEqual([false, error.code]);
  for (const each of [error.message, status.message]) expect(each).not.toMatch(/<(html|head|title|body|h1|b)\b|doctype/i);
  return error;
}

// What they do is waiting for servers and kernels to start.
vi.setConfig({ maxConcurrency: 6 });

let lab: JupyterLab;
beforeAll(async () => {
  lab = await startJupyter();
});
afterAll(() => lab?.stop());

describe.concurrent("a real Jupyter Server", () => {
  test("is reached by the URLs that it prints for browsers", async () => {
    const reach = async (page: string): Promise<void> => {
      await using connector = jupyter({ baseUrl: `${lab.baseUrl}${page}?token=${lab.token}` });
      expect(connector.label).toBe(`jupyter://127.0.0.1:${lab.port}/base`);
      expect((await connector.exec(shell("exit 3"))).exitCode).toBe(3);
    };
    await Promise.all(["/lab", "/tree", "/lab/tree/some/notebook.ipynb", "/"].map(reach));
    expect(() => jupyter({ baseUrl: `${lab.baseUrl}?token=${lab.token}`, token: "another" })).toThrow(/options\.token/);
    expect(() => jupyter({ baseUrl: `${lab.baseUrl}?token=...` })).toThrow(/whole token/);
    expect(() => jupyter({ baseUrl: `${lab.baseUrl}?tokn=${lab.token}` })).toThrow(/without a query/);
  });

  test("below another path than was given says so", async () => {
    const error = await told({ baseUrl: `http://127.0.0.1:${lab.port}/elsewhere`, token: lab.token });
    expect([error.code, error.message, error.hint]).toEqual([
      "connect-failed",
      "there is no Jupyter Server at this path (status 404)",
      expect.stringContaining("`base_url`"),
    ]);
  });

  test("that takes tokens only says that it takes no password", async () => {
    const error = await told({ baseUrl: lab.baseUrl, password: "a password" });
    expect([error.code, error.message]).toEqual(["auth-failed", expect.stringMatching(/refused the password|does not take a password/)]);
  });
});

describe.concurrent("servers of other kinds", () => {
  let directory = "";
  const servers: Server[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "sremote-tls-"));
    for (const [name, ...more] of [["bare"], ["named", "-addext", "subjectAltName=IP:127.0.0.1"]] as const) {
      const files = ["-keyout", join(directory, `${name}.key`), "-out", join(directory, `${name}.pem`)];
      const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", ...files, ...more];
      execFileSync("openssl", args, { stdio: "ignore" });
    }
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function listening(server: Server): Promise<string> {
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const pem = (name: string): Promise<string> => readFile(join(directory, name), "utf8");
  const tls = async (name: string): Promise<string> =>
    listening(createTlsServer({ key: await pem(`${name}.key`), cert: await pem(`${name}.pem`) }, (_, response) => response.end("{}")));

  test("a certificate without a subjectAltName, one that is not trusted, and TLS in the wrong place are told apart", async () => {
    const ca = await pem("bare.pem");
    const bare = await told({ baseUrl: `https://${await tls("bare")}`, token: "abc1", ca });
    expect([bare.code, bare.hint]).toEqual(["connect-failed", expect.stringContaining("subjectAltName")]);
    const named = await tls("named");
    const untrusted = await told({ baseUrl: `https://${named}`, token: "abc1" });
    expect([untrusted.code, untrusted.hint]).toEqual(["connect-failed", expect.stringContaining("`ca`")]);
    const plain = await listening(createServer((_, response) => response.end("{}")));
    const wrong = await told({ baseUrl: `https://${plain}`, token: "abc1" });
    expect([wrong.code, wrong.message]).toEqual(["connect-failed", expect.stringContaining("does not speak TLS")]);
    await using connector = jupyter({ baseUrl: `http://${named}`, token: "abc1" });
    const open = (await connector.status()).error as SremoteError;
    expect([open.code, open.hint]).toEqual(["connection-lost", expect.stringContaining("`https:`")]);
  });

  test.each<[string, RequestListener, object]>([
    [
      "a hub whose user has no server",
      (_, response) =>
        response.writeHead(424, { "content-type": "application/json" }).end('{"message":"JupyterHub: server not running: me"}'),
      { code: "connect-failed", message: expect.stringContaining("the hub has no running server there") },
    ],
    [
      "a hub that does not know the user",
      (_, response) =>
        response
          .writeHead(404, { "content-type": "text/html" })
          .end("<!DOCTYPE HTML><html><head><title>JupyterHub</title></head><body><h1>404</h1>"),
      { code: "connect-failed", hint: expect.stringContaining("/user/<name>") },
    ],
    [
      "a proxy that refuses",
      (_, response) =>
        response
          .writeHead(403, { "content-type": "text/html" })
          .end("<html><head><title>403 Forbidden</title></head><body><b>x</b></body>"),
      { code: "auth-failed", message: expect.stringContaining("403 Forbidden") },
    ],
    [
      "a server without kernels of Python",
      (_, response) =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end('{"default":"ir","kernelspecs":{"ir":{"spec":{"language":"R"}}}}'),
      { code: "connect-failed", message: "the server has no kernel for Python", hint: expect.stringContaining('"ir"') },
    ],
  ])("%s", async (name, listener, expected) => {
    const baseUrl = `http://${await listening(createServer(listener))}/user/me`;
    await using connector = jupyter({ baseUrl, token: "abc1" });
    const error = await rejection(connector.exec(["true"]), SremoteError);
    expect(error, name).toMatchObject(expected);
    expect(error.message).not.toMatch(/<(html|title|b|h1)|doctype/i);
  });
});

/** Hands a request on to the server. */
function forward(incoming: IncomingMessage, reply: ServerResponse, port: number): void {
  const { method, url, headers } = incoming;
  const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(reply);
  });
  onward.on("error", () => reply.destroy());
  incoming.pipe(onward);
}

/** Hands a WebSocket on to the server. */
function tunnel({ url, rawHeaders }: IncomingMessage, client: Duplex, head: Buffer, port: number): void {
  const server = connect(port, "127.0.0.1");
  const lines = rawHeaders.map((each, index) => (index % 2 === 0 ? `${each}: ` : `${each}\r\n`)).join("");
  server.write(`GET ${url} HTTP/1.1\r\n${lines}\r\n`);
  server.write(head);
  server.pipe(client).pipe(server);
  for (const each of [server, client]) each.on("error", () => [server, client].forEach((end) => end.destroy()));
}

test.concurrent("a proxy that takes bodies of 1 MiB: what is larger goes in smaller pieces", async () => {
  let largest = 0;
  let refused = 0;
  const proxy = createServer((incoming, response) => {
    const size = Number(incoming.headers["content-length"] ?? 0);
    if (size > 1 << 20) {
      refused += 1;
      // As nginx does: at once, and then it reads on for a while.
      response
        .writeHead(413, { "content-type": "text/html", connection: "close" })
        .end("<html><title>413 Request Entity Too Large</title></html>");
      incoming.resume();
      return;
    }
    largest = Math.max(largest, size);
    forward(incoming, response, lab.port);
  });
  proxy.on("upgrade", (incoming, socket, head) => tunnel(incoming, socket, head, lab.port));
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  try {
    await using connector = jupyter({ baseUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/base`, token: lab.token });
    const content = Buffer.alloc(3_000_000, "0123456789abc");
    await connector.push(content, join(lab.home, "file"));
    expect((await readFile(join(lab.home, "file"))).equals(content)).toBe(true);
    const learnt = refused;
    await connector.push(content, join(lab.home, "again"));
    expect(refused).toBe(learnt);
    expect(learnt).toBeLessThanOrEqual(4);
    expect(largest).toBeLessThanOrEqual(1 << 20);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});
