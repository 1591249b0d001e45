/* Endpoints that end without an answer: whether the call ran is then to be asked of the host's spool, and not to be guessed. */
import type { Command, Connector, ExecResult } from "@sremote/connectors";
import { ConnectError, OutcomeUnknownError, type SremoteError } from "@sremote/protocol";
import { expect, it, vi } from "vitest";
import { RemoteClient, type RemoteClientOptions } from "../index.ts";

vi.mock("@sremote/connectors", async (original) => ({
  ...(await original<typeof import("@sremote/connectors")>()),
  pause: async () => undefined,
}));

const ended = (exitCode: number | null, signal: string | null = null): ExecResult => ({
  exitCode,
  signal,
  stdout: Buffer.alloc(0),
  stderr: Buffer.from("last words\n"),
});

/** What a call rejects with whose commands come to this, and how often its endpoint was started. */
async function rejection(
  exec: (calls: number, isProbe: boolean) => ExecResult,
  options: RemoteClientOptions,
): Promise<{ error: SremoteError; calls: number }> {
  let calls = 0;
  const unused = (): never => expect.unreachable();
  const close = async (): Promise<void> => undefined;
  const connector: Connector = {
    label: "scripted",
    acceptsStdin: true,
    exec: async (command: Command) => {
      const argv = command as readonly string[];
      if (argv[0] === "rm") return ended(0);
      const isProbe = argv.at(-1) !== "-";
      return exec(isProbe ? calls : ++calls, isProbe);
    },
    push: unused,
    pull: unused,
    status: unused,
    close,
    [Symbol.asyncDispose]: close,
  };
  await using client = new RemoteClient(connector, options);
  const error = await client.call("os", "getpid").then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown as SremoteError,
  );
  return { error, calls };
}

it.each([
  ["SIGKILL", ended(null, "SIGKILL")],
  ["SIGKILL, as a shell tells it", ended(137)],
  ["an error of its own", ended(90)],
  ["an answer that did not leave", ended(93)],
  ["an answer that did not arrive", ended(0)],
])("G01 an endpoint that ends with %s may have run the function", async (_, result) => {
  const { error, calls } = await rejection(() => result, { python: "/usr/bin/python3" });
  expect(error).toBeInstanceOf(OutcomeUnknownError);
  expect(error.lastLines).toContain("last words");
  expect(calls).toBe(4);
});

it("G01 a reply that cannot be fetched any more is that of a call that may have run", async () => {
  const found = "base=/b\npython=3.11.2 /usr/bin/python3\ninstalled=yes\nend=yes\n";
  let pulls = 0;
  const connector: Connector = {
    label: "scripted",
    acceptsStdin: false,
    exec: async (command: Command) => {
      const argv = command as readonly string[];
      return argv[4] === "run" || argv[0] === "rm" ? ended(0) : { ...ended(0), stdout: Buffer.from(`${argv[5]}${argv[4]}\n${found}`) };
    },
    push: async () => undefined,
    pull: async () => {
      pulls++;
      throw new ConnectError("connect-refused", "nobody listens any more");
    },
    status: () => expect.unreachable(),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  await using client = new RemoteClient(connector);
  await expect(client.call("os", "getpid")).rejects.toMatchObject({ code: "outcome-unknown" });
  expect(pulls).toBe(4);
});

it("one that cannot be started has run nothing", async () => {
  const { error, calls } = await rejection(() => ended(127), { python: "/usr/bin/python3" });
  expect([error.code, calls]).toEqual(["endpoint-broken", 1]);
});

it("G01 a link that is lost while an interpreter is looked for says nothing of the call that was killed before", async () => {
  const exec = (_: number, isProbe: boolean): ExecResult => {
    if (isProbe) throw new ConnectError("connection-lost", "the link was cut");
    return ended(null, "SIGKILL");
  };
  const { error, calls } = await rejection(exec, {});
  expect([error.code, calls]).toEqual(["outcome-unknown", 4]);
});
