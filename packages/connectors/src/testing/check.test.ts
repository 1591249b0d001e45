/* The suite must be able to fail: for every case a connector that does just this wrong. */
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { afterAll, describe, expect, test, vi } from "vitest";
import { ConnectError, SremoteError, TransferError } from "@sremote/protocol";
import { shell } from "../connector.ts";
import type { Connector, ExecOptions, ExecResult, SpawnedProcess } from "../connector.ts";
import { local } from "../local/index.ts";
import type { CheckOptions } from "./case.ts";
import { connectorCases } from "./check.ts";

// Broken connectors leave files behind: in a directory of their own, which is removed.
const temporary = await mkdtemp(join(tmpdir(), "sremote-broken-"));
const usualTemporary = process.env.TMPDIR;
process.env.TMPDIR = temporary;
afterAll(async () => {
  if (usualTemporary === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usualTemporary;
  await rm(temporary, { recursive: true, force: true });
});

// Most of what they do is waiting for what never comes.
vi.setConfig({ maxConcurrency: 8 });

type Break = (host: Connector) => Partial<Connector>;

/** Runs a case against connectors to this machine that do this wrong. Closing ends what they leave running. */
async function runBroken(name: string, change: Break, options?: CheckOptions): Promise<void> {
  await using hosts = new AsyncDisposableStack();
  const make = (): Connector => {
    const host = hosts.use(local());
    return { ...host, ...change(host) };
  };
  await caseNamed(name).run(make, options);
}

const spawn = (host: Connector, command: Parameters<Connector["exec"]>[0]): Promise<SpawnedProcess> => {
  if (host.spawn === undefined) throw new Error("local connectors spawn");
  return host.spawn(command);
};

/** Changes results of exec. */
const results =
  (change: (result: ExecResult) => Partial<ExecResult>): Break =>
  (host) => ({
    exec: async (command, options) => {
      const result = await host.exec(command, options);
      return { ...result, ...change(result) };
    },
  });

/** Changes options of exec. */
const execOptions =
  (change: (options: ExecOptions) => ExecOptions): Break =>
  (host) => ({ exec: (command, options = {}) => host.exec(command, change(options)) });

const asText = (bytes: Uint8Array): Uint8Array => new TextEncoder().encode(new TextDecoder().decode(bytes));
const pieces = (stdin: ExecOptions["stdin"] = []): readonly Uint8Array[] => (stdin instanceof Uint8Array ? [stdin] : stdin);
const plain = async (promise: Promise<void>): Promise<void> => {
  await promise.catch((error: unknown) => {
    throw new Error(String(error));
  });
};
const plainErrors: Break = (host) => ({
  push: (...given) => plain(host.push(...given)),
  pull: (...given) => plain(host.pull(...given)),
});
const bytesOf = async (source: Parameters<Connector["push"]>[0]): Promise<Uint8Array> =>
  source instanceof Uint8Array ? source : readFile(source.path);
/** Ends exec when asked to, but not the command. */
const abandoning: Break = (host) => ({
  exec: async (command, { signal, timeout, ...rest } = {}) => {
    const running = host.exec(command, rest);
    running.catch(() => {}); // It ends when the test does.
    const stopped = new Promise<never>((_, reject) => {
      const stop = (code: "timeout" | "cancelled") => () => reject(new SremoteError(code, "stopped"));
      signal?.addEventListener("abort", stop("cancelled"));
      if (timeout !== undefined) setTimeout(stop("timeout"), timeout);
    });
    return Promise.race([running, stopped]);
  },
});

const cases: readonly (readonly [string, Break, CheckOptions?])[] = [
  ["G02 a command's exit code 0 is its own", results(() => ({ exitCode: 1 }))],
  ["G02 a command's exit code 7 is its own", results(({ exitCode }) => ({ exitCode: exitCode === 0 ? 0 : 1 }))],
  ["G02 a command's exit code 126 is its own", results(({ exitCode }) => ({ exitCode: exitCode === 0 ? 0 : 1 }))],
  ["G02 a command's exit code 137 is its own", results(({ exitCode }) => (exitCode === 137 ? { exitCode: null, signal: "SIGKILL" } : {}))],
  [
    "G02 a command's exit code 255 is its own",
    (host) => ({
      exec: async (...given) => {
        const result = await host.exec(...given);
        if (result.exitCode === 255) throw new ConnectError("connection-lost", "as the ssh program does");
        return result;
      },
    }),
  ],
  [
    "death by signal is told apart from an exit code, or is 128 + its number where a shell is between",
    results(({ exitCode }) => ({ exitCode: exitCode ?? 0, signal: null })),
  ],
  ["a program that does not exist is exit code 127 with a message", results(() => ({ stderr: new Uint8Array(0) }))],
  ["G31 stdout is byte-exact, with NUL and all 256 values", results(({ stdout }) => ({ stdout: asText(stdout) }))],
  [
    "G31 stderr is byte-exact, with NUL and all 256 values, and apart from stdout",
    results(({ stdout, stderr }) => ({ stdout: Buffer.concat([stdout, stderr]) })),
  ],
  ["G31 stdin arrives byte-exact, in one piece or many", execOptions((options) => ({ ...options, stdin: pieces(options.stdin)[0] }))],
  ["onInput is called once, before the command has its input", execOptions((options) => ({ ...options, onInput: undefined }))],
  ["stdin is empty by default", execOptions((options) => ({ stdin: Uint8Array.of(1), ...options }))],
  [
    "a command that does not read its stdin ends as it likes",
    (host) => ({
      exec: async (command, options = {}) => {
        const process = await spawn(host, command);
        const out = buffer(process.stdout);
        const err = buffer(process.stderr);
        const [input] = pieces(options.stdin);
        process.stdin.end(input);
        // It fails where not all was taken.
        const written = input === undefined ? undefined : finished(process.stdin);
        const [end] = await Promise.all([process.exit, written]);
        return { ...end, stdout: await out, stderr: await err };
      },
    }),
  ],
  [
    "G08 every argument arrives as it was",
    (host) => ({
      exec: (command, options) =>
        host.exec("shell" in command ? command : shell(command.map((word) => `"${word.replaceAll('"', '\\"')}"`).join(" ")), options),
    }),
  ],
  [
    "a script is one for sh: variables, pipes, newlines",
    (host) => ({
      exec: (command, options) => host.exec("shell" in command ? shell(command.shell.replaceAll("\n", " ")) : command, options),
    }),
  ],
  [
    "20 MB on stderr stop neither stdout nor the command",
    (host) => ({
      exec: async (command) => {
        const process = await spawn(host, command);
        process.stdin.end();
        const stdout = await buffer(process.stdout); // stderr is read only afterwards
        return { ...(await process.exit), stdout, stderr: await buffer(process.stderr) };
      },
    }),
    { caseTimeout: 1500 },
  ],
  ["G35 output beyond outputLimit is dropped, and said to be", results(() => ({ truncated: false }))],
  [
    "G26 a file of 0 bytes is the same after push and pull",
    (host) => ({ push: async (source, ...rest) => ((await bytesOf(source)).length === 0 ? undefined : host.push(source, ...rest)) }),
  ],
  [
    "G26 a file of 1 bytes is the same after push and pull",
    (host) => ({ push: async (source, ...rest) => host.push(asText(Buffer.concat([await bytesOf(source), Uint8Array.of(10)])), ...rest) }),
  ],
  [
    "G26 a file of 512 bytes is the same after push and pull",
    (host) => ({ push: async (source, ...rest) => host.push(asText(await bytesOf(source)), ...rest) }),
  ],
  [
    "G26 a file of 70000 bytes is the same after push and pull",
    (host) => ({ push: async (source, ...rest) => host.push((await bytesOf(source)).subarray(0, 65_536), ...rest) }),
  ],
  [
    "G26 a file of 3000001 bytes is the same after push and pull",
    (host) => ({
      pull: async (path, sink, options) => {
        if ("path" in sink) return host.pull(path, sink, options);
        const chunks: Uint8Array[] = [];
        await host.pull(path, { write: (chunk) => void chunks.unshift(chunk) }, options);
        for (const chunk of chunks) await sink.write(chunk);
      },
    }),
  ],
  [
    "G08 file names may hold any bytes but NUL and slash",
    (host) => ({ push: (source, path, options) => host.push(source, path.toWellFormed(), options) }),
  ],
  [
    "a local file is pushed and pulled by its path",
    (host) => ({ pull: (path, sink, options) => host.pull(path, "path" in sink ? { write() {} } : sink, options) }),
  ],
  [
    "a pushed file has mode 0600, or the mode that was asked for, also where it replaces another",
    (host) => ({ push: (source, path, options = {}) => host.push(source, path, { mode: 0o644, ...options }) }),
  ],
  [
    "progress counts the bytes to the end",
    (host) => ({ push: (source, path, options = {}) => host.push(source, path, { ...options, onProgress: undefined }) }),
  ],
  [
    "G35 64 MiB are pushed and pulled in constant memory, with the same digest",
    (host) => ({
      pull: async (path, sink, options = {}) => {
        const chunks: Uint8Array[] = [];
        await host.pull(path, { write: (chunk) => void chunks.push(chunk) }, options);
        if ("path" in sink) await writeFile(sink.path, Buffer.concat(chunks));
      },
    }),
  ],
  [
    "G26 a reader sees the old file or the new one, never a part",
    (host) => ({
      push: async (source, path, options) => {
        if (path.endsWith("/file")) await writeInPlace(path, await bytesOf(source));
        else await host.push(source, path, options);
      },
    }),
  ],
  [
    "G26 an aborted push leaves the old content and no temporary file",
    (host) => ({
      push: async (source, path, options = {}) => {
        if (options.signal !== undefined) await writeFile(`${path}.part`, "left behind");
        await host.push(source, path, options);
      },
    }),
  ],
  [
    "G26 an aborted pull leaves the old local file and no temporary one",
    (host) => ({
      pull: async (path, sink, options) => {
        if (!("path" in sink)) return host.pull(path, sink, options);
        await using handle = await open(sink.path, "w");
        await host.pull(path, { write: async (chunk) => void (await handle.write(chunk)) }, options);
      },
    }),
  ],
  ["an aborted signal prevents push, pull and exec", (host) => ({ push: (source, path) => host.push(source, path) })],
  [
    "G26 a sink that throws ends the pull with that error",
    (host) => ({
      pull: (path, sink, options) =>
        host.pull(
          path,
          "path" in sink
            ? sink
            : {
                write: async (chunk) => {
                  await Promise.resolve(chunk)
                    .then((bytes) => sink.write(bytes))
                    .catch(() => {});
                },
              },
          options,
        ),
    }),
  ],
  ["a push into a missing directory is no-such-file", plainErrors],
  [
    "a push onto a directory is not-a-file",
    (host) => ({ push: (source, path, options) => host.push(source, path.endsWith("/sub") ? `${path}/file` : path, options) }),
  ],
  [
    "a push where one may not write is permission-denied",
    (host) => ({
      push: (...given) =>
        host
          .push(...given)
          .catch((error: unknown) => Promise.reject(new TransferError("transfer-failed", "", { cause: error, host: "local://" }))),
    }),
  ],
  [
    "G26 a pull of a missing file is no-such-file",
    (host) => ({
      pull: async (path, sink, options) => {
        if ("path" in sink) await writeFile(sink.path, "");
        await host.pull(path, sink, options);
      },
    }),
  ],
  ["a pull of a directory is not-a-file", plainErrors],
  [
    "a pull of a pipe is not-a-file, and does not wait",
    (host) => ({ pull: async (path) => void (await host.exec(["cat", path])) }),
    { caseTimeout: 1000 },
  ],
  ["a pull of what one may not read is permission-denied", plainErrors],
  [
    "wrong arguments are named before anything happens",
    (host) => ({ push: (source, path, options = {}) => host.push(source, path.startsWith("/") ? path : `/tmp/${path}`, options) }),
  ],
  ["an abort of exec ends the command and its children, and the connector stays usable", abandoning],
  ["a deadline of exec ends the command and its children, and the connector stays usable", abandoning],
  [
    "a command that ends in time is not disturbed by its deadline",
    (host) => ({
      exec: (command, { timeout, ...rest } = {}) => host.exec(command, timeout === undefined ? rest : { ...rest, timeout: 0 }),
    }),
  ],
  [
    "spawn gives a live process: input and output alternate, and it can be ended",
    (host) => ({
      spawn: async (command) => {
        const { stdin, stdout, stderr, exit, ...rest } = await spawn(host, command);
        return { ...rest, stdin, stdout, stderr, exit, kill: async () => {}, async [Symbol.asyncDispose]() {} };
      },
    }),
    { caseTimeout: 1500 },
  ],
  [
    "what a write to stdin has called back for may be overwritten",
    (host) => ({
      spawn: async (command) => {
        const process = await spawn(host, command);
        const stdin = new PassThrough();
        stdin.pipe(process.stdin);
        const { stdout, stderr, exit } = process;
        return { stdin, stdout, stderr, exit, kill: (signal) => process.kill(signal), [Symbol.asyncDispose]: async () => {} };
      },
    }),
  ],
  [
    "20 commands at once each get their own output and exit code",
    (host) => {
      let shared: Promise<ExecResult> | undefined;
      return {
        exec: (command, options) =>
          "shell" in command && command.shell.startsWith("sleep") ? (shared ??= host.exec(command, options)) : host.exec(command, options),
      };
    },
  ],
  ["status of a host in reach is ok", () => ({ status: async () => ({ ok: false, message: "no" }) })],
  ["the label is a text on one line", () => ({ label: "two\nlines" })],
  [
    "a closed connector says so, and may be closed again",
    (host) => ({
      exec: (...given) => local().exec(...given),
      close: () => host.close(),
    }),
  ],
  [
    "a path that begins with ~/ is below the home directory",
    (host) => ({ push: async (source, path) => host.push(source, `/nowhere/${path}`) }),
  ],
  ["closing ends what is under way", () => ({ close: async () => {} }), { caseTimeout: 1500 }],
  ["closing ends live processes, and how they ended is told at once", () => ({ close: async () => {} })],
];

async function writeInPlace(path: string, bytes: Uint8Array): Promise<void> {
  await using handle = await open(path, "w");
  for (let at = 0; at < bytes.length; at += 65_536) await handle.write(bytes.subarray(at, at + 65_536));
}

const caseNamed = (name: string): ReturnType<typeof connectorCases>[number] => {
  const found = connectorCases().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
};

describe("a connector that does this wrong is caught", () => {
  for (const [name, change, options] of cases) {
    (caseNamed(name).alone ? test : test.concurrent)(name, async () => {
      await expect(runBroken(name, change, options)).rejects.toThrow();
    });
  }
});

const failing: Break = (host) => ({
  pull: (path, sink, options) =>
    host.pull(path, sink, options).catch((error: unknown) => {
      if (!(error instanceof TransferError)) throw error;
      throw new TransferError(error.code, error.message, { host: "local://", cause: new Error("token hunter2-secret") });
    }),
});

test("G27 a secret in a label or in an error fails the suite, without being shown", async () => {
  const secrets = ["hunter2-secret"];
  const label = runBroken("the label is a text on one line", () => ({ label: "ssh://me:hunter2-secret@host" }), { secrets });
  await expect(label).rejects.toThrow(/G27: a secret appears in the label/);
  const error = runBroken("G26 a pull of a missing file is no-such-file", failing, { secrets });
  await expect(error).rejects.toThrow(/G27: a secret appears in the error/);
});

test("every case has a connector that fails it", () => {
  const proved = new Set([
    ...cases.map(([name]) => name),
    ...connectorCases()
      // Those on lost links and on REST have suites of their own: cut-link.test.ts, rest-cases.test.ts.
      .filter(({ name }) => /cut/.test(name) || name.startsWith("REST: "))
      .map(({ name }) => name),
  ]);
  expect(
    connectorCases()
      .map(({ name }) => name)
      .filter((name) => !proved.has(name)),
  ).toEqual([]);
});
