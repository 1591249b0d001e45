/* The cases on REST must be able to fail: for each a connector that does just this wrong, and a bed that only remembers what it was asked for. */
import { expect, test } from "vitest";
import { ConnectError } from "@sremote/protocol";
import type { Command, Connector, ExecOptions } from "../connector.ts";
import { local } from "../local/index.ts";
import { connectorCases } from "./check.ts";
import type { RestBed, RestFault } from "./rest-bed.ts";

class RememberingBed implements RestBed {
  readonly limits: { put: number; get: number; inline: number } = { put: 1000, get: 2000, inline: 300 };
  readonly faults: readonly RestFault["kind"][] = [
    "status",
    "status-after",
    "cut-before",
    "cut-after",
    "error-body",
    "expire",
    "twice",
    "missing",
    "mute",
    "half-output",
    "no-exit-code",
    "queue",
    "redirect",
    "half",
  ];
  due: RestFault | undefined;
  inject(_purpose: unknown, fault: RestFault): void {
    this.due = fault;
  }
  take(): ReturnType<RestBed["take"]> {
    return [{ purpose: "poll", method: "GET", path: "/", subject: "", fault: undefined }];
  }
}

type Wrong = (bed: RememberingBed, host: Connector) => Partial<Connector>;

/** Loses the last byte of a file. */
const cutsFiles: Wrong = (_, host) => ({
  push: (source, ...rest) => host.push(source instanceof Uint8Array ? source.subarray(0, -1) : source, ...rest),
});
const onFault =
  (wrong: (host: Connector, command: Command, options?: ExecOptions) => ReturnType<Connector["exec"]>): Wrong =>
  (bed, host) => ({
    exec: (command, options) => {
      if (bed.due === undefined) return host.exec(command, options);
      bed.due = undefined;
      return wrong(host, command, options);
    },
  });
/** Sends a request again though it does not know what became of the first. */
const repeats: Wrong = onFault(async (host, command, options) => {
  await host.exec(command, options);
  return host.exec(command, options);
});
/** Lets every trouble through. */
const givesUp: Wrong = onFault(async () => {
  throw new ConnectError("connection-lost", "the service made trouble");
});
/** Tells what came back as it came back. */
const believes: Wrong = onFault(async (host, command, options) => {
  const result = await host.exec(command, options);
  return { ...result, exitCode: 0, stdout: result.stdout.subarray(0, result.stdout.length >> 1) };
});
/** Goes wherever it is sent, and does not heed an abort. */
const follows: Wrong = onFault((host, command) => host.exec(command));

const wrongs: readonly (readonly [RegExp, readonly Wrong[]])[] = [
  [/: (sizes|11 MB)/, [cutsFiles]],
  [/runs? it once|runs once, and is not started/, [repeats, givesUp, believes]],
  [/credentials that run out|does no harm/, [repeats, givesUp, believes]],
  [/output that|exit code that|becomes visible late|download that is cut/, [givesUp, believes]],
  [/redirect|cancelled while/, [follows]],
];

test.concurrent.each(connectorCases().filter(({ name }) => name.startsWith("REST: ")))(
  "a connector that does this wrong is caught: $name",
  async ({ name, run }) => {
    const found = wrongs.find(([pattern]) => pattern.test(name))?.[1] ?? [];
    expect(found.length).toBeGreaterThan(0);
    for (const wrong of found) {
      const bed = new RememberingBed();
      const make = (): Connector => {
        const host = local();
        return { ...host, ...wrong(bed, host) };
      };
      await expect(run(make, { rest: bed }), String(wrong)).rejects.toThrow();
    }
  },
);

test("a bed that knows no fault and no limit makes nothing fail but what is always tried", async () => {
  const bed: RestBed = { faults: [], inject() {}, take: () => [] };
  for (const { name, run } of connectorCases().filter((one) => one.name.startsWith("REST: ")))
    await run(() => local(), { rest: bed }).catch((error: unknown) => expect.fail(`${name}: ${String(error)}`));
});
