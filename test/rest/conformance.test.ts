/*
 * The behaviour suite of every connector, over stubs that disturb many of their requests. Cases run at once: those that nothing may run beside
 * have a stub of their own, the others share one, so that the troubles of all meet each.
 */
import { RestConnector } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Newt1 } from "../../packages/connectors/src/rest/newt/newt-1.ts";
import { hostile, peaceful } from "../stubs/hostile-server.ts";
import { NewtStub } from "../stubs/newt-stub.ts";
import { restKinds } from "./dialects.ts";
import type { RestHost } from "./dialects.ts";
import { runWithOwnStub } from "./own-stub.ts";

vi.setConfig({ maxConcurrency: 8 });

const quiet = { tooManyRequests: 0, unavailable: 0, errorBody: 0, expire: 0, twice: 0 };

describe.each(restKinds.filter(({ isPolled }) => isPolled !== true))("$name over a hostile stub, with links that can be cut", (kind) => {
  let host: RestHost;
  beforeAll(async () => {
    host = await kind.start(hostile);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  const [alone, beside] = [true, false].map((is) => connectorCases().filter((each) => each.alone === is));
  describe.concurrent("that all share", () => {
    test.for(beside!)("$name", ({ run }) => run(() => host.connect(), { secrets: host.secrets() }));
  });

  test("G40 nothing is left: no process, no file", async () => {
    await expect.poll(() => host.sandbox.processes(), { timeout: 10_000 }).toEqual([]);
    const { stdout } = await host.sandbox.run("ls -A");
    expect(stdout.toString()).toBe("");
  });

  for (const each of alone!) {
    // These bring their own troubles.
    const hostility = each.name.startsWith("REST: ") ? { ...hostile, ...quiet } : hostile;
    // Memory is of the whole process.
    const define = each.name.includes("memory") ? test : test.concurrent;
    define(each.name, () => runWithOwnStub(kind, each, hostility));
  }
});

/** The first dialect in a world where files are small: everything large goes in pieces. */
class Chunked extends Newt1 {
  override readonly limits = { put: 100_000, get: 60_000, inline: 10_000 };
}

describe("a service that takes and gives small files only", () => {
  let stub: NewtStub;
  beforeAll(async () => {
    stub = await NewtStub.start({ hostility: peaceful });
    stub.server.limits = { put: 100_000, get: 60_000, inline: 10_000 };
    stub.server.most = { put: 100_000, get: 60_000 };
  });
  afterAll(() => stub?.[Symbol.asyncDispose]());

  // None of them disturbs the service.
  describe.concurrent("in pieces", () => {
    test.for(connectorCases().filter(({ name }) => /sizes|11 MB|bytes is the same|outputLimit|20 MB|progress/.test(name)))(
      "$name",
      ({ run }) => {
        const make = (): RestConnector => new RestConnector(new Chunked({ ...stub.options, loginEnv: false }), stub.options);
        return run(make, { rest: stub.server });
      },
    );
  });

  test("no piece was larger than the service takes or gives", () => {
    const seen = stub.server.take();
    expect(seen.filter(({ purpose }) => purpose === "put" || purpose === "get").length).toBeGreaterThan(100);
    expect(seen.filter(({ fault }) => fault?.kind === "status")).toEqual([]);
  });
});
