import assert from "node:assert/strict";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { defineLoneCase, quote } from "../case.ts";
import type { CheckOptions, ConnectorCase, Fixture } from "../case.ts";
import type { RestBed, RestFault, RestPurpose } from "../rest-bed.ts";
import { assertSameBytes } from "../same-bytes.ts";
import { until } from "../wait.ts";
import { bytesOf, listing, pulled } from "./file.ts";

/** A case for connectors over REST whose bed knows these faults, of requests that it has; for others there is nothing to do. */
function restCase(
  name: string,
  faults: readonly RestFault["kind"][],
  body: (fixture: Fixture, bed: RestBed) => Promise<void>,
  applies: (bed: RestBed) => boolean = () => true,
): ConnectorCase {
  const bedOf = ({ rest }: CheckOptions): RestBed | undefined =>
    rest !== undefined && faults.every((fault) => rest.faults.includes(fault)) && applies(rest) ? rest : undefined;
  return defineLoneCase(
    `REST: ${name}`,
    async (fixture) => {
      const bed = bedOf(fixture.options);
      if (bed !== undefined) await body(fixture, bed);
    },
    (options) => bedOf(options) !== undefined,
  );
}

const has =
  (purpose: RestPurpose) =>
  ({ purposes }: RestBed): boolean =>
    purposes?.includes(purpose) ?? true;

/** Ways in which the request that starts a command goes wrong so that it is unknown whether it was taken. */
const ambiguous: readonly RestFault[] = [
  { kind: "cut-before" },
  { kind: "cut-after" },
  { kind: "status", status: 502 },
  { kind: "status-after", status: 504 },
  { kind: "status", status: 503, retryAfter: "0" },
];

export const restCases: readonly ConnectorCase[] = [
  ...(["put", "get", "inline"] as const).flatMap((limit) =>
    [-1, 0, 1].map((more) => {
      const at = more === 0 ? "at" : more < 0 ? "one below" : "one above";
      return restCase(
        `sizes ${at} the ${limit} limit go there and back`,
        [],
        async (fixture, bed) => {
          await thereAndBack(fixture, (bed.limits?.[limit] ?? 0) + more);
        },
        (bed) => bed.limits?.[limit] !== undefined,
      );
    }),
  ),
  restCase("11 MB go there and back, as a file and as input and output", [], async (fixture) => {
    await thereAndBack(fixture, 11_000_000);
  }),
  ...ambiguous.map((fault) =>
    restCase(
      `G28 ${told(fault)} when a command is started: it runs once, and is not started by a second request`,
      [fault.kind],
      async (fixture, bed) => {
        bed.take();
        bed.inject("start", fault);
        assert.equal((await fixture.exec(effect(fixture, "exit 7"))).exitCode, 7);
        assert.equal(await effects(fixture), 1);
        assertNoSecondStart(bed);
      },
    ),
  ),
  ...([0, 1] as const).map((answer) =>
    restCase(
      `G01 a request to start a command that is delivered twice runs it once (answer ${answer + 1})`,
      ["twice"],
      async (fixture, bed) => {
        bed.inject("start", { kind: "twice", answer });
        const result = await fixture.exec(effect(fixture, "echo out; exit 3"));
        assert.deepEqual([result.exitCode, new TextDecoder().decode(result.stdout)], [3, "out\n"]);
        assert.equal(await effects(fixture), 1);
      },
    ),
  ),
  ...(["put", "start", "get", "poll"] as const).map((purpose) =>
    restCase(
      `credentials that run out before a ${purpose} request are renewed, and the command runs once`,
      ["expire"],
      async (fixture, bed) => {
        await fixture.exec("true");
        bed.inject(purpose, { kind: "expire" });
        await largeOutput(fixture);
      },
      has(purpose),
    ),
  ),
  ...(["put", "start", "get", "poll"] as const).flatMap((purpose) =>
    [
      { kind: "error-body" } as const,
      { kind: "status", status: 429, retryAfter: "0" } as const,
      { kind: "status", status: 503, retryAfter: "0" } as const,
      { kind: "cut-before" } as const,
      { kind: "cut-after" } as const,
    ].map((fault) =>
      restCase(
        `${told(fault)} once for a ${purpose} request does no harm`,
        [fault.kind],
        async (fixture, bed) => {
          bed.inject(purpose, fault);
          await largeOutput(fixture);
        },
        has(purpose),
      ),
    ),
  ),
  restCase("output that gets lost on the way is read from files", ["mute"], async (fixture, bed) => {
    bed.inject("start", { kind: "mute" });
    await smallOutput(fixture);
  }),
  restCase("output that is cut on the way is read from files", ["half-output"], async (fixture, bed) => {
    bed.inject("start", { kind: "half-output" });
    await smallOutput(fixture);
  }),
  restCase("an exit code that the service does not tell is known all the same", ["no-exit-code"], async (fixture, bed) => {
    bed.inject("start", { kind: "no-exit-code" });
    assert.equal((await fixture.exec("exit 9")).exitCode, 9);
  }),
  restCase("G38 a result that becomes visible late is waited for", ["missing"], async (fixture, bed) => {
    bed.inject("get", { kind: "missing" }, { times: 4 });
    await largeOutput(fixture);
  }),
  restCase("a download that is cut in the middle goes on where it was", ["half"], async (fixture, bed) => {
    bed.inject("get", { kind: "half" });
    await largeOutput(fixture);
  }),
  restCase("G28 a redirect to another origin is refused, and the connector stays usable", ["redirect"], async (fixture, bed) => {
    for (const status of [302, 307, 308]) {
      bed.inject("put", { kind: "redirect", location: "http://127.0.0.1:9/elsewhere", status });
      await fixture.rejection(fixture.exec("true"), ConnectError, "connect-failed");
    }
    assert.equal((await fixture.exec("exit 5")).exitCode, 5);
  }),
  restCase("a command that is cancelled while it is queued never runs", ["queue"], async (fixture, bed) => {
    bed.inject("start", { kind: "queue" });
    bed.take();
    const control = new AbortController();
    const failed = fixture.rejection(fixture.exec(effect(fixture, ""), { signal: control.signal }), SremoteError, "cancelled");
    await until("it is asked after", async () => bed.take().some(({ purpose }) => purpose === "poll"));
    control.abort();
    await failed;
    assert.equal((await fixture.exec("exit 6")).exitCode, 6);
    assert.equal(await effects(fixture), 0);
  }),
];

function told(fault: RestFault): string {
  switch (fault.kind) {
    case "status":
      return `status ${fault.status}`;
    case "status-after":
      return `status ${fault.status} after the deed`;
    case "cut-before":
      return "a cut connection";
    case "cut-after":
      return "a connection cut after the deed";
    case "error-body":
      return "an error with status 200";
    default:
      return fault.kind;
  }
}

/** A script that leaves a trace each time it runs. */
function effect(fixture: Fixture, script: string): string {
  return `echo x >> ${quote(`${fixture.directory}/effects`)}; ${script}`;
}

async function effects(fixture: Fixture): Promise<number> {
  if (!(await listing(fixture)).includes("effects")) return 0;
  return Number((await fixture.run(`wc -l < ${quote(`${fixture.directory}/effects`)}`)).trim());
}

/**
 * A request that starts a script is sent once, unless it was refused unseen. Another script, with a name of its own, is another attempt: the
 * first can then not run any more.
 */
function assertNoSecondStart(bed: RestBed): void {
  const taken = bed.take().filter(({ purpose, fault }) => purpose === "start" && fault?.kind !== "expire" && !isTooMany(fault));
  const subjects = taken.map(({ subject }) => subject);
  assert.equal(new Set(subjects).size, subjects.length, `started more than once: ${subjects.join(", ")}`);
}

function isTooMany(fault: RestFault | undefined): boolean {
  return fault?.kind === "status" && fault.status === 429;
}

async function largeOutput(fixture: Fixture): Promise<void> {
  // More than comes back with a reply.
  const size = Math.max(2 ** 20, 2 * (fixture.options.rest?.limits?.inline ?? 0));
  const result = await fixture.exec(effect(fixture, `head -c ${size} /dev/zero | tr '\\0' a; exit 4`));
  assert.deepEqual([result.exitCode, result.stdout.length], [4, size]);
  assert.ok(result.stdout.every((byte) => byte === 97));
  assert.equal(await effects(fixture), 1);
}

async function smallOutput(fixture: Fixture): Promise<void> {
  const result = await fixture.exec(effect(fixture, "echo out; echo err >&2; exit 4"));
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assert.deepEqual([result.exitCode, text(result.stdout), text(result.stderr)], [4, "out\n", "err\n"]);
  assert.equal(await effects(fixture), 1);
}

async function thereAndBack(fixture: Fixture, size: number): Promise<void> {
  const content = bytesOf(size);
  const path = `${fixture.directory}/file`;
  await fixture.connector.push(content, path);
  assertSameBytes(await pulled(fixture, path), content, `a file of ${size} bytes`);
  if (!fixture.connector.acceptsStdin) return;
  assertSameBytes((await fixture.exec("cat", { stdin: content })).stdout, content, `${size} bytes of input and output`);
}
