/* REST connectors: what commands, calls and files cost, compared with the HTTP round trips that they are made of. */
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { run } from "../scripts/labs/run.ts";
import { against, type Figure } from "./figure.ts";
import { type RestHost, startRestHosts } from "./rest-host.ts";
import { hostPython } from "./setting.ts";
import { interleaved, median, type Sample, timed } from "./statistics.ts";

const rounds = 7;
/** In each round: they take next to nothing. */
const bareRequests = 20;
const callSize = 2 ** 20;
const fileSize = 8 * 2 ** 20;

const operations = {
  command: "command `true`",
  call: "call of os.getpid",
  "large call": "call with 1 MiB each way",
  push: "push of 8 MiB",
  pull: "pull of 8 MiB",
} as const;
type Operation = keyof typeof operations;

/** What one operation took over one host; medians. */
export interface RestMeasurement {
  readonly host: string;
  readonly operation: Operation;
  readonly milliseconds: number;
  /** HTTP requests, those among them that ask whether a task has ended. */
  readonly requests: number;
  /** Milliseconds of one bare request to the same server. */
  readonly bare: number;
}

/** Milliseconds that programs take on this machine, without any service. */
export interface LocalPrograms {
  readonly shell: number;
  readonly python: number;
}

export function restFigures(measured: readonly RestMeasurement[], { shell, python }: LocalPrograms): Figure[] {
  const local = (operation: Operation): Figure["compared"] & {} => {
    if (operation === "command") return against("`sh -c true` run locally", shell);
    return operation === "call" || operation === "large call" ? against("`python3 -c pass` run locally", python) : [];
  };
  return [
    { name: "`sh -c true` run locally", value: shell, unit: "ms" },
    { name: "`python3 -c pass` run locally (floor of a call without a session)", value: python, unit: "ms", role: "floor" },
    ...measured.map(({ host, operation, milliseconds, requests, bare }): Figure => {
      const exchanges = requests === 1 ? "its request, bare" : `its ${requests} requests, bare`;
      return {
        name: `${host}: ${operations[operation]}`,
        value: milliseconds,
        unit: "ms",
        ...(operation === "call" && { role: "headline" }),
        // A call over a session sends none.
        compared: [...against(exchanges, requests === 0 ? undefined : requests * bare), ...local(operation)],
      };
    }),
  ];
}

/** The operations on one host, each of which tells its time and remembers how many requests it sent. */
class Subject implements AsyncDisposable {
  readonly host: RestHost;
  readonly client: RemoteClient;
  readonly #requests = new Map<Operation, number[]>();
  readonly #argument = randomFillSync(new Uint8Array(callSize));
  readonly #content = randomFillSync(new Uint8Array(fileSize));

  constructor(host: RestHost) {
    this.host = host;
    this.client = new RemoteClient(host.connector);
  }

  /** Afterwards neither logins nor directories nor installations are missing. */
  async prepare(): Promise<void> {
    await this.client.bootstrapInstall();
    for (const operation of Object.keys(operations) as Operation[]) await this.#perform(operation);
  }

  sample(operation: Operation): Sample {
    return async () => {
      const before = this.host.connector.requests;
      const time = await timed(() => this.#perform(operation));
      const requests = this.host.connector.requests - before;
      this.#requests.set(operation, [...(this.#requests.get(operation) ?? []), requests]);
      return time;
    };
  }

  requests(operation: Operation): number {
    return median(this.#requests.get(operation) ?? []);
  }

  async #perform(operation: Operation): Promise<void> {
    const { connector, home } = this.host;
    const file = join(home, "bench-file");
    switch (operation) {
      case "command":
        assert.equal((await connector.exec(["true"])).exitCode, 0);
        break;
      case "call":
        assert.equal(typeof (await this.client.doRemoteCall("os", "getpid")).value, "number");
        break;
      case "large call": {
        const { value } = await this.client.doRemoteCall("builtins", "bytes", [this.#argument]);
        assert(value instanceof Uint8Array);
        assert.equal(Buffer.compare(value, this.#argument), 0);
        break;
      }
      case "push":
        await connector.push(this.#content, file);
        break;
      case "pull": {
        const chunks: Uint8Array[] = [];
        await connector.pull(file, { write: (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk)) });
        assert.equal(Buffer.compare(Buffer.concat(chunks), this.#content), 0);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}

export async function measureRest(): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const hosts = await startRestHosts(stack);
  const subjects = hosts.map((host) => stack.use(new Subject(host)));
  for (const subject of subjects) await subject.prepare();
  const names = Object.keys(operations) as Operation[];
  const rows = subjects.flatMap((subject): [string, Sample][] => [
    [`${subject.host.name}: bare`, () => repeat(bareRequests, () => subject.host.ask())],
    ...names.map((operation): [string, Sample] => [`${subject.host.name}: ${operation}`, subject.sample(operation)]),
  ]);
  const times = await interleaved(
    {
      shell: () => repeat(3, () => run("/bin/sh", ["-c", "true"])),
      python: () => repeat(3, () => run(hostPython, ["-c", "pass"])),
      ...Object.fromEntries(rows),
    },
    { rounds, warmUp: 1 },
  );
  const time = (row: string): number => median(times.get(row)!);
  const measured = subjects.flatMap((subject) => {
    const host = subject.host.name;
    const bare = time(`${host}: bare`);
    return names.map((operation) => ({
      host,
      operation,
      milliseconds: time(`${host}: ${operation}`),
      requests: subject.requests(operation),
      bare,
    }));
  });
  return restFigures(measured, { shell: time("shell"), python: time("python") });
}

async function repeat(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) taken.push(await timed(work));
  return taken;
}
