/* When headers that say who asks are made, over real servers on loopback. */
import { request as send } from "undici";
import { describe, expect, test } from "vitest";
import { SremoteError } from "@sremote/protocol";
import { startLoopback } from "../testing/loopback-server.ts";
import type { LoopbackServer, Serve } from "../testing/loopback-server.ts";
import type { ScriptDialect } from "./dialect.ts";
import { HttpClient } from "./http.ts";
import type { HttpOptions } from "./http.ts";
import { RestConnector } from "./rest-connector.ts";

const { signal } = new AbortController();

/** A server, and a client whose tokens are numbered in the order in which they are made. */
class Setting implements AsyncDisposable {
  readonly http: HttpClient;
  readonly #server: LoopbackServer;
  /** Number of tokens made so far, which is the newest one's number. */
  tokens = 0;

  private constructor(server: LoopbackServer, options: Partial<HttpOptions>) {
    this.#server = server;
    const authenticate = async (): Promise<Record<string, string>> => ({ authorization: `Bearer token-number-${(this.tokens += 1)}` });
    this.http = new HttpClient({ baseUrl: server.url, label: "test://", authenticate, ...options });
  }

  static async start(serve: Serve, options: Partial<HttpOptions> = {}): Promise<Setting> {
    return new Setting(await startLoopback(serve), options);
  }

  get url(): URL {
    return this.#server.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

const numberOf = (authorization: string | undefined): number => Number(/^Bearer token-number-(\d+)$/.exec(authorization ?? "")?.[1]);
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "resolved",
    (error: unknown) => error,
  );

describe("G28 credentials whose life is nearly over", () => {
  test("are renewed before they are refused, once for all requests that come together", async () => {
    const seen: number[] = [];
    let isStale = false;
    await using own = await Setting.start(
      (request, response) => {
        seen.push(numberOf(request.headers.authorization));
        response.end();
      },
      { isStale: () => isStale },
    );
    const get = (): Promise<unknown> => own.http.send({ method: "GET", path: "/x" }, signal);
    await get();
    await get();
    expect(seen).toEqual([1, 1]);
    isStale = true;
    const together = Promise.all([get(), get(), get(), get()]);
    isStale = false;
    await together;
    expect(seen.slice(2)).toEqual([2, 2, 2, 2]);
    expect(own.tokens).toBe(2);
  });

  test("while they are made anew, the old ones' age starts no second making", async () => {
    let isStale = false;
    let made = 0;
    let finish = (): void => {};
    await using own = await Setting.start((_, response) => void response.end(), {
      isStale: () => isStale,
      authenticate: async () => {
        made += 1;
        if (made === 2) await new Promise<void>((resolve) => (finish = resolve));
        isStale = false;
        return {};
      },
    });
    const get = (): Promise<unknown> => own.http.send({ method: "GET", path: "/x" }, signal);
    await get();
    isStale = true;
    const together = Promise.all([get(), get(), get()]);
    finish();
    await together;
    expect(made).toBe(2);
  });
});

describe("G28 a request whose credentials are refused", () => {
  test("because others renewed them meanwhile is sent again more often than it may renew them itself", async () => {
    const revoked = new Set<number>();
    let refused = 0;
    await using own = await Setting.start(async (request, response) => {
      const token = numberOf(request.headers.authorization);
      if (request.url === "/base/slow" && refused < 6) {
        refused += 1;
        // While it waits for its answer, its token ends, and another request finds that out first.
        revoked.add(token);
        await own.http.send({ method: "GET", path: "/quick" }, signal);
      }
      response.writeHead(revoked.has(token) ? 401 : 200).end();
    });
    const { status } = await own.http.send({ method: "POST", path: "/slow" }, signal);
    expect([status, refused, own.tokens]).toEqual([200, 6, 7]);
  });

  test("for its own sake renews them three times, then says so", async () => {
    await using own = await Setting.start((_, response) => void response.writeHead(401).end());
    expect(await outcome(own.http.send({ method: "GET", path: "/x" }, signal))).toMatchObject({ code: "auth-failed" });
    expect([own.http.requests, own.tokens]).toEqual([4, 4]);
  });
});

describe("`check` sees replies that failed", () => {
  test("and what it makes of them counts, not their status", async () => {
    const said: string[] = [];
    await using own = await Setting.start(
      (_, response) => void response.writeHead(500, { "content-type": "text/plain" }).end("quota of token-number-1"),
      {
        check: (reply, { path }, redact) => {
          said.push(`${path} ${reply.status} ${reply.text}`);
          return new SremoteError("disk-full", redact(reply.text), { host: "test://" });
        },
      },
    );
    const error = await outcome(own.http.send({ method: "GET", path: "/x" }, signal));
    expect(error).toMatchObject({ code: "disk-full", message: "quota of [secret]" });
    // A 500 would be sent again; what `check` says is final.
    expect(said).toEqual(["/x 500 quota of token-number-1"]);
  });

  test("of any status as refused credentials: they are renewed, and the request is answered", async () => {
    await using own = await Setting.start(
      (request, response) => void response.writeHead(numberOf(request.headers.authorization) === 1 ? 400 : 200).end("expired"),
      { check: ({ status }) => (status === 400 ? "unauthorized" : undefined) },
    );
    expect((await own.http.send({ method: "POST", path: "/x" }, signal)).status).toBe(200);
    expect(own.tokens).toBe(2);
  });

  test.each([
    ["GET", 2],
    ["POST", 1],
  ] as const)("of any status as trouble on the way: %s is sent %i times", async (method, times) => {
    let count = 0;
    await using own = await Setting.start((_, response) => void response.writeHead((count += 1) === 1 ? 424 : 200).end(), {
      check: ({ status }) => (status === 424 ? new SremoteError("connection-lost", "no host", { host: "test://" }) : undefined),
    });
    const result = await outcome(own.http.send({ method, path: "/x" }, signal));
    expect(count).toBe(times);
    if (method === "POST") expect(result).toMatchObject({ code: "connection-lost", message: "no host" });
  });
});

describe("statuses that a request accepts", () => {
  test("are answers, redirects among them, which are then not followed", async () => {
    const seen: string[] = [];
    await using own = await Setting.start((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(request.url === "/base/moved" ? 302 : 404, { location: "/there" }).end("text");
    });
    const moved = await own.http.send({ method: "POST", path: "/moved", accept: [302] }, signal);
    expect([moved.status, moved.header("location"), moved.text]).toEqual([302, "/there", "text"]);
    expect((await own.http.send({ method: "GET", path: "/none", accept: [302, 404] }, signal)).status).toBe(404);
    expect(await outcome(own.http.send({ method: "POST", path: "/moved", accept: [404] }, signal))).toMatchObject({
      code: "connect-failed",
    });
    expect(await outcome(own.http.send({ method: "GET", path: "/none" }, signal))).toMatchObject({ code: "no-such-file" });
    expect(seen).toEqual(["/base/moved", "/base/none", "/base/moved", "/base/none"]);
  });
});

describe("what a connection of another kind is made with", () => {
  test("has the credentials and goes through the client's own connections; it counts as a request", async () => {
    await using own = await Setting.start((request, response) => void response.end(`${request.url} ${request.headers.authorization}`));
    const { url, headers, dispatcher } = await own.http.link({ path: "/channel", query: { id: "a b" } }, signal);
    expect(own.http.requests).toBe(1);
    const { body } = await send(url, { headers, dispatcher });
    expect(await body.text()).toBe("/base/channel?id=a+b Bearer token-number-1");
    await own.http.close();
    expect(await outcome(send(url, { headers, dispatcher }))).toMatchObject({ code: "UND_ERR_DESTROYED" });
  });

  test("stays within the origin, whatever the path", async () => {
    await using own = await Setting.start((_, response) => void response.end());
    for (const baseUrl of [own.url, new URL("/", own.url)]) {
      const http = new HttpClient({ baseUrl, label: "test://" });
      for (const path of ["@evil.example/", ".evil.example/", "0/", "http://evil.example/", ""]) {
        expect(await outcome(http.link({ path }, signal)), path).toMatchObject({ code: "invalid-argument" });
      }
      for (const path of ["//evil.example/x", "/@evil.example/", "/../..//evil.example/", "/\\evil.example/"]) {
        expect((await http.link({ path }, signal)).url.origin, path).toBe(own.url.origin);
      }
      await http.close();
    }
  });
});

test("G28 a connector asks its dialect for credentials, for their age, and what a reply means", async () => {
  const seen: number[] = [];
  await using server = await startLoopback((request, response) => {
    seen.push(numberOf(request.headers.authorization));
    response.writeHead(seen.length === 3 ? 500 : 200).end();
  });
  let tokens = 0;
  const unused = async (): Promise<never> => expect.fail("a status needs no file");
  const dialect: ScriptDialect = {
    label: "test://",
    limits: {},
    authenticate: async () => ({ authorization: `Bearer token-number-${(tokens += 1)}` }),
    isStale: () => tokens === 1,
    check: ({ status }) => (status === 500 ? "unauthorized" : undefined),
    status: async ({ http, signal: own }) => (await http.send({ method: "POST", path: "/x" }, own)).text,
    home: unused,
    makeDirectory: unused,
    remove: unused,
    put: unused,
    get: unused,
  };
  await using connector = new RestConnector(dialect, { baseUrl: server.url });
  for (let time = 0; time < 3; time += 1) expect(await connector.status()).toMatchObject({ ok: true });
  // The first went stale, the second was refused by what `check` made of a 500.
  expect(seen).toEqual([1, 2, 2, 3]);
});
