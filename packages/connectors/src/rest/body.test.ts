/* What a service may make us keep, and how long it may make us wait. */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { startLoopback } from "../testing/loopback-server.ts";
import type { Serve } from "../testing/loopback-server.ts";
import { HttpClient } from "./http.ts";

const endings: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

const { signal } = new AbortController();

async function client(serve: Serve, requestTimeout?: number): Promise<HttpClient> {
  const server = await startLoopback(serve);
  endings.push(() => server[Symbol.asyncDispose]());
  const made = new HttpClient({ baseUrl: server.url, label: "test://", requestTimeout });
  endings.push(() => made.close());
  return made;
}

describe("G20 a reply within its limit", () => {
  const limit = 16 * 2 ** 20;
  test.each([
    ["one byte less", limit - 1, true],
    ["all of it", limit, true],
    ["one byte more", limit + 1, false],
  ])("%s", async (_, size, isTaken) => {
    const http = await client((_request, response) => void response.end(Buffer.alloc(size, " ")));
    const reply = http.send({ method: "GET", path: "/x" }, signal);
    if (isTaken) expect((await reply).bytes.length).toBe(size);
    else await expect(reply).rejects.toMatchObject({ code: "limit-exceeded", message: `GET /x: the reply has more than ${limit} bytes` });
  });

  test("the beginning of an endless error is shown, and no more is read", async () => {
    const http = await client(async (_request, response) => {
      response.writeHead(400, { "content-type": "text/plain" });
      while (!response.destroyed) if (!response.write("no ".repeat(10_000))) await delay(1);
    });
    const error: unknown = await http.send({ method: "GET", path: "/x" }, signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "channel-failed" });
    expect((error as Error).message.length).toBeLessThan(500);
  });

  test("JSON whose values would take too much memory is refused before it is parsed", async () => {
    const http = await client((_request, response) => void response.end(`{"a":[${"{},".repeat(1_000_000)}{}]}`));
    const reply = await http.send({ method: "GET", path: "/x" }, signal);
    expect(() => reply.object).toThrow(/about 72000\d+ bytes of memory/);
    expect(() => reply.json()).toThrow(/the limit is 67108864/);
  });
});

describe("a reply that drips", () => {
  // Each byte comes well before a timeout between bytes would pass.
  const drip: Serve = async ({ url }, response) => {
    response.writeHead(url?.endsWith("error") === true ? 400 : 200, { "content-type": "text/plain" });
    while (!response.destroyed) {
      response.write(" ");
      await delay(20);
    }
  };

  test("is given up when its time is over, however often a byte comes", async () => {
    const http = await client(drip, 150);
    const reply = http.send({ method: "POST", path: "/x" }, signal);
    await expect(reply).rejects.toMatchObject({
      code: "connection-lost",
      message: "POST /x: the rest of the reply did not come within 150 ms",
    });
  });

  test("so is a download, and one whose status is an error", async () => {
    const http = await client(drip, 150);
    const late = { code: "connection-lost", message: expect.stringContaining("the rest of the reply did not come") as string };
    const download = http.download({ method: "POST", path: "/x" }, { size: 1 << 20, take: () => Promise.resolve() }, signal);
    await expect(download).rejects.toMatchObject(late);
    await expect(http.send({ method: "POST", path: "/error" }, signal)).rejects.toMatchObject(late);
  });

  test("a head that drips", async () => {
    const http = await client(async ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      while (!socket.destroyed) {
        socket.write("x: y\r\n");
        await delay(20);
      }
    }, 150);
    await expect(http.send({ method: "POST", path: "/x" }, signal)).rejects.toMatchObject({
      code: "connection-lost",
      message: "POST /x: UND_ERR_HEADERS_TIMEOUT",
    });
  });

  test("a taker that is slow is given its time: only waiting for the service counts", async () => {
    const http = await client(async (_request, response) => {
      for (let piece = 0; piece < 4; piece += 1) {
        response.write(Buffer.alloc(1000));
        await delay(5);
      }
      response.end();
    }, 150);
    let taken = 0;
    const take = async (chunk: Uint8Array): Promise<void> => {
      taken += chunk.length;
      await delay(100);
    };
    await http.download({ method: "GET", path: "/x" }, { size: 4000, take }, signal);
    expect(taken).toBe(4000);
  });
});
