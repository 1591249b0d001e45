/* The HTTP half against real servers on loopback. */
import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { ConnectError, SremoteError, TransferError } from "@sremote/protocol";
import { startLoopback } from "../testing/loopback-server.ts";
import type { Serve } from "../testing/loopback-server.ts";
import { ofBytes } from "./content.ts";
import { networkProblem, statusProblem } from "./http-error.ts";
import { HttpClient } from "./http.ts";
import type { HttpOptions } from "./http.ts";
import { Secrets } from "./redact.ts";
import { backOff } from "../back-off.ts";
import { retryAfter } from "./retry.ts";
import { checkBaseUrl } from "./settings.ts";

const endings: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function server(serve: Serve): Promise<URL> {
  const made = await startLoopback(serve);
  endings.push(() => made[Symbol.asyncDispose]());
  return made.url;
}

function client(baseUrl: URL, options: Partial<HttpOptions> = {}): HttpClient {
  const made = new HttpClient({ baseUrl, label: "test://", ...options });
  endings.push(() => made.close());
  return made;
}

const { signal } = new AbortController();
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "resolved",
    (error: unknown) => error,
  );

describe("what is sent again", () => {
  const methods = [
    ["GET", 3],
    ["PUT", 3],
    ["POST", 1],
  ] as const;
  test.each(methods)("%s after 503: %i requests", async (method, expected) => {
    let count = 0;
    const http = client(await server((_, response) => void response.writeHead((count += 1) < 3 ? 503 : 200).end("{}")));
    const result = await outcome(http.send({ method, path: "/x", ...(method === "GET" ? {} : { body: "a" }) }, signal));
    expect(count).toBe(expected);
    if (method === "POST") expect(result).toMatchObject({ code: "connection-lost" });
  });

  test("a POST is sent again after 429, which says that nothing was done, and when it says so itself", async () => {
    let count = 0;
    const http = client(await server((_, response) => void response.writeHead((count += 1) < 2 ? 429 : 200, { "retry-after": "0" }).end()));
    await http.send({ method: "POST", path: "/x" }, signal);
    expect(count).toBe(2);
    count = -1;
    await http.send({ method: "POST", path: "/x", idempotent: true }, signal);
    expect(count).toBe(2);
  });

  test("Retry-After is honoured in seconds", async () => {
    const times: number[] = [];
    const http = client(
      await server((_, response) => {
        times.push(performance.now());
        response.writeHead(times.length < 2 ? 503 : 200, { "retry-after": "1" }).end();
      }),
    );
    await http.send({ method: "GET", path: "/x" }, signal);
    expect(times[1]! - times[0]!).toBeGreaterThan(950);
  });

  test("a wait that would be too long is an error instead", async () => {
    const http = client(await server((_, response) => void response.writeHead(429, { "retry-after": "3600" }).end()));
    expect(await outcome(http.send({ method: "GET", path: "/x" }, signal))).toMatchObject({ code: "channel-failed" });
  });

  test("an abort ends the waiting", async () => {
    const control = new AbortController();
    const http = client(
      await server((_, response) => {
        response.writeHead(503, { "retry-after": "60" }).end();
        setImmediate(() => control.abort(new Error("enough")));
      }),
    );
    expect(await outcome(http.send({ method: "GET", path: "/x" }, control.signal))).toMatchObject({ message: "enough" });
  });

  test("the body is made anew for each attempt, with its length", async () => {
    const bodies: string[] = [];
    const http = client(
      await server(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        bodies.push(`${request.headers["content-length"]} ${Buffer.concat(chunks).toString()}`);
        response.writeHead(bodies.length < 3 ? 502 : 200).end();
      }),
    );
    await http.send({ method: "PUT", path: "/x", body: ofBytes([Buffer.from("ab"), Buffer.from("c")]) }, signal);
    expect(bodies).toEqual(["3 abc", "3 abc", "3 abc"]);
  });

  test("a server that is not there is said so at once", async () => {
    const base = await server(() => {});
    await endings.pop()!();
    expect(await outcome(client(base).send({ method: "GET", path: "/x" }, signal))).toMatchObject({ code: "connect-refused" });
  });

  test("a reply that does not begin in time is a lost connection", async () => {
    const http = client(await server(() => {}), { requestTimeout: 1000 });
    expect(await outcome(http.send({ method: "POST", path: "/x" }, signal))).toMatchObject({ code: "connection-lost" });
  });
});

describe("G28 credentials", () => {
  const authenticate = (tokens: string[]) => async (): Promise<Record<string, string>> => {
    tokens.push(`token-${tokens.length}-${"x".repeat(20)}`);
    return { authorization: `Bearer ${tokens.at(-1)}` };
  };

  test("never leave the origin: redirects elsewhere are refused, with every status", async () => {
    const seen: string[] = [];
    const elsewhere = await server((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`);
      response.end();
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const base = await server((_, response) => void response.writeHead(status, { location: new URL("/stolen", elsewhere).href }).end());
      for (const method of ["GET", "PUT", "POST"] as const) {
        const error = await outcome(client(base, { authenticate: authenticate([]) }).send({ method, path: "/x" }, signal));
        expect(error).toBeInstanceOf(ConnectError);
        expect(error).toMatchObject({ code: "connect-failed" });
      }
    }
    expect(seen).toEqual([]);
  });

  test("a redirect to another port, scheme or host is one to another origin; one within the origin is followed", async () => {
    let location = "";
    const base = await server((request, response) => {
      if (request.url === "/there") response.end(`with ${request.headers.authorization?.slice(0, 6)}`);
      else response.writeHead(307, { location }).end();
    });
    const http = client(base, { authenticate: authenticate([]) });
    for (const target of [
      `https://127.0.0.1:${base.port}/`,
      "http://127.0.0.1:1/",
      `http://localhost:${base.port}/`,
      "//evil.example/",
      "data:,x",
      "http://[",
    ]) {
      location = target;
      expect(await outcome(http.send({ method: "GET", path: "/x" }, signal)), target).toMatchObject({ code: "connect-failed" });
    }
    location = "/there";
    expect((await http.send({ method: "POST", path: "/x" }, signal)).text).toBe("with Bearer");
    location = "/base/x";
    expect(await outcome(http.send({ method: "GET", path: "/x" }, signal))).toMatchObject({ code: "connect-failed" });
  });

  test("a path cannot lead elsewhere", async () => {
    const http = client(await server((_, response) => void response.end()));
    expect(await outcome(http.send({ method: "GET", path: "@evil.example/" }, signal))).toMatchObject({ code: "invalid-argument" });
  });

  test("are renewed once for 20 requests that find them refused, and each is answered", async () => {
    const tokens: string[] = [];
    const http = client(
      await server((request, response) => {
        response.writeHead(request.headers.authorization === `Bearer ${tokens.at(-1)}` && tokens.length > 1 ? 200 : 401).end();
      }),
      { authenticate: authenticate(tokens) },
    );
    const replies = await Promise.all(Array.from({ length: 20 }, () => http.send({ method: "POST", path: "/x" }, signal)));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(tokens).toHaveLength(2);
  });

  test("that are refused again and again are auth-failed, and no text that others made shows them", async () => {
    const tokens: string[] = [];
    const http = client(
      await server((request, response) => {
        response.writeHead(401, { "content-type": "text/plain" }).end(`bad ${request.headers.authorization}; password pass word+1`);
      }),
      { authenticate: authenticate(tokens), secrets: ["pass word+1"] },
    );
    const error = await outcome(http.send({ method: "POST", path: "/x/pass%20word%2B1" }, signal));
    expect(error).toMatchObject({ code: "auth-failed" });
    const shown = inspect([error, http], { depth: 20, showHidden: true });
    for (const secret of [...tokens, "pass word+1", "pass%20word%2B1"]) expect(shown).not.toContain(secret);
  });

  test("that cannot be had are the error, and are asked for again by the next request", async () => {
    let count = 0;
    const http = client(await server((_, response) => void response.end()), {
      authenticate: async () => {
        count += 1;
        if (count === 1) throw new ConnectError("auth-failed", "no");
        return {};
      },
    });
    expect(await outcome(http.send({ method: "GET", path: "/x" }, signal))).toMatchObject({ code: "auth-failed" });
    expect(await outcome(http.send({ method: "GET", path: "/x" }, signal))).toBe("resolved");
  });
});

describe("replies", () => {
  test("are bounded", async () => {
    const http = client(await server((_, response) => void response.end(Buffer.alloc(5000))));
    expect(await outcome(http.send({ method: "GET", path: "/x", replyLimit: 4999 }, signal))).toMatchObject({ code: "limit-exceeded" });
    expect((await http.send({ method: "GET", path: "/x", replyLimit: 5000 }, signal)).bytes).toHaveLength(5000);
  });

  test("a download goes on where it was cut, and is bounded by the file's size", async () => {
    let count = 0;
    const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    const http = client(
      await server((_, response) => {
        count += 1;
        response.writeHead(200, { "content-length": String(content.length) });
        if (count < 3) response.write(content.subarray(0, count * 30_000), () => response.destroy());
        else response.end(content);
      }),
    );
    const chunks: Uint8Array[] = [];
    const take = async (chunk: Uint8Array): Promise<void> => void chunks.push(chunk);
    await http.download({ method: "GET", path: "/x" }, { size: content.length, take }, signal);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    const error = await outcome(http.download({ method: "GET", path: "/x" }, { size: 10, take }, signal));
    expect(error).toBeInstanceOf(TransferError);
    expect(error).toMatchObject({ code: "no-such-file" });
  });

  test("of another content than expected is an error of ours: JSON that is none", async () => {
    const http = client(await server((_, response) => void response.end("<html>")));
    const reply = await http.send({ method: "GET", path: "/x" }, signal);
    expect(() => reply.json()).toThrow(SremoteError);
    expect(reply.object).toBeUndefined();
  });
});

describe("the mapping of errors is total", () => {
  const where = { host: "test://", stage: "http", what: "GET /x" };
  test("every status has a code of ours, and only what may be repeated is", () => {
    for (let status = 100; status < 1000; status += 1) {
      const { error, repeat } = statusProblem(status, "", where, undefined);
      expect(error).toBeInstanceOf(SremoteError);
      expect(error.message).toContain(String(status));
      if (status >= 200 && status < 400) expect(repeat).toBe("never");
      if (repeat === "always") expect([425, 429]).toContain(status);
    }
  });

  test("whatever is thrown becomes a ConnectError that does not repeat its text", () => {
    const thrown = [
      ...[
        "ECONNREFUSED",
        "ECONNRESET",
        "ENOTFOUND",
        "UND_ERR_SOCKET",
        "CERT_HAS_EXPIRED",
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "HPE_INVALID",
        "ODD",
      ].map((code) => Object.assign(new Error("canary"), { code })),
      new Error("canary"),
      new TypeError("canary", { cause: Object.assign(new Error("canary"), { code: "ECONNREFUSED" }) }),
      "canary",
      undefined,
      null,
      { code: 7 },
    ];
    for (const each of thrown) {
      const { error } = networkProblem(each, where);
      expect(error).toBeInstanceOf(ConnectError);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("canary");
    }
    expect(networkProblem(thrown[0], where).error.code).toBe("connect-refused");
    expect(networkProblem(thrown[4], where).error).toMatchObject({ code: "connect-failed", hint: /certificate/ });
  });
});

test("Retry-After is seconds or a date; anything else is none", () => {
  const now = Date.parse("2030-01-01T00:00:00Z");
  expect([
    retryAfter("7", now),
    retryAfter("Tue, 01 Jan 2030 00:00:09 GMT", now),
    retryAfter("Mon, 31 Dec 2029 00:00:00 GMT", now),
  ]).toEqual([7000, 9000, 0]);
  expect([retryAfter("soon", now), retryAfter(undefined, now)]).toEqual([undefined, undefined]);
});

test("waits double, are spread, and are bounded", () => {
  for (let n = 1; n < 40; n += 1) {
    const full = Math.min(300 * 2 ** (n - 1), 10_000);
    const wait = backOff(n, 300, 10_000);
    expect(wait).toBeGreaterThanOrEqual(full / 2);
    expect(wait).toBeLessThanOrEqual(full);
  }
});

test("G27 secrets are found in the forms that URLs, forms, JSON and headers give them", () => {
  const secrets = new Secrets();
  secrets.add(`p"ä s&+`);
  secrets.addHeader("Bearer abcdefghijklmnop");
  secrets.addHeader("newt_sessionid=0123456789abcdef; other=zyxwvutsrq");
  const shown = secrets.redact(
    `p"ä s&+ p%22%C3%A4%20s%26%2B p%22%C3%A4+s%26%2B p\\"ä s&+ Bearer abcdefghijklmnop abcdefghijklmnop 0123456789abcdef zyxwvutsrq`,
  );
  expect(shown.replaceAll("[secret]", "").trim()).toBe("");
  expect(secrets.redact("a\u001b[31mb\u0085c\td\ne")).toBe("a?[31mb?c\td\ne");
});

test("a base URL is http or https without credentials, query and fragment, and http only to this machine", () => {
  for (const good of ["https://a.example/api", "http://127.0.0.1:1/", "http://localhost/x", "http://[::1]:8/"])
    checkBaseUrl(good, undefined);
  for (const bad of [
    "http://a.example/",
    "ftp://a",
    "a",
    "https://u:p@a.example/",
    "https://a.example/?x=1",
    "https://a.example/#f",
    7,
    undefined,
  ]) {
    expect(() => checkBaseUrl(bad, undefined), String(bad)).toThrow(/options\.baseUrl/);
  }
  checkBaseUrl("http://a.example/", true);
});
