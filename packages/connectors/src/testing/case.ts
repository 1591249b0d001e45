/* One case of the behaviour suite, and what it is given. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { SremoteError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { shell } from "../connector.ts";
import type { Connector, ExecOptions, ExecResult } from "../connector.ts";
import type { RestBed } from "./rest-bed.ts";

export interface CheckOptions {
  /** Strings that must appear in no error and no label: the passwords and keys the connector was made with. @default none */
  secrets?: readonly string[] | undefined;
  /**
   * For connectors over a network: cuts the link under an open connection, and makes it possible to connect again.
   *
   * @default none: those cases are skipped
   */
  cut?: { cut(): void | Promise<void>; restore(): void | Promise<void> } | undefined;
  /**
   * Live memory in bytes that a transfer of 64 MiB may add.
   *
   * @default 16 MiB; a connector whose transfers take whole files in memory, as three functions may, needs about 256 MiB
   */
  memoryLimit?: number | undefined;
  /**
   * For connectors over REST: the service's side, which can be made to go wrong. Adds the cases whose names begin with `REST:`.
   *
   * @default none: those cases are skipped
   */
  rest?: RestBed | undefined;
  /** Milliseconds for one case. @default 60 000 */
  caseTimeout?: number | undefined;
  /**
   * Cases that run at once, each over a connector of its own. Those that cut the link, make the service go wrong or measure memory run one by one.
   *
   * @default 4
   */
  concurrency?: number | undefined;
  /** Only cases whose names it matches are tried, the others skipped. @default all */
  cases?: RegExp | undefined;
  /** Aborting begins no further case and rejects with the code `cancelled` at once. @default none */
  signal?: AbortSignal | undefined;
}

export type MakeConnector = () => Connector | Promise<Connector>;

/** A behaviour every connector must show. */
export interface ConnectorCase {
  /** A sentence; G and a number name the guarantee it proves. */
  readonly name: string;
  /** Nothing else may run beside it over the same link and service, or in this process: it cuts, disturbs or measures them. */
  readonly alone: boolean;
  /** Makes a connector, checks it, closes it. Rejects with an AssertionError when the connector does not behave. */
  readonly run: (make: MakeConnector, options?: CheckOptions) => Promise<void>;
  /** Whether there is anything to try with these options: some cases need `cut` or `rest`. `run` then returns at once. */
  readonly applies: (options?: CheckOptions) => boolean;
}

/** What the body of a case works with. */
export interface Fixture {
  readonly connector: Connector;
  readonly options: CheckOptions;
  /** An empty directory on the host, removed after the case. */
  readonly directory: string;
  /** An empty directory on this machine, removed after the case. */
  readonly localDirectory: string;
  /** Runs a script that must exit with 0; returns its stdout as text. */
  readonly run: (script: string, options?: ExecOptions) => Promise<string>;
  /** Runs a script. */
  readonly exec: (script: string, options?: ExecOptions) => Promise<ExecResult>;
  /** The error the promise must reject with: one of ours, with one of these codes, without secrets. */
  readonly rejection: (promise: Promise<unknown>, kind: ErrorKind, ...codes: Code[]) => Promise<SremoteError>;
}

export type ErrorKind = abstract new (...args: never[]) => SremoteError;

type Body = (fixture: Fixture) => Promise<void>;

/** Defines a case that others may run beside. */
export function defineCase(name: string, body: Body): ConnectorCase {
  return makeCase(name, false, body, () => true);
}

/** Defines a case that nothing may run beside. One that does not apply to a connector returns at once. */
export function defineLoneCase(name: string, body: Body, applies: (options: CheckOptions) => boolean = () => true): ConnectorCase {
  return makeCase(name, true, body, applies);
}

function makeCase(name: string, alone: boolean, body: Body, applies: (options: CheckOptions) => boolean): ConnectorCase {
  return {
    name,
    alone,
    applies: (options = {}) => applies(options),
    async run(make, options = {}) {
      // Without a connector being made: there are many that need a bed.
      if (!applies(options)) return;
      let timer: NodeJS.Timeout | undefined;
      const limit = options.caseTimeout ?? 60_000;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new assert.AssertionError({ message: `no end within ${limit} ms` })), limit);
      });
      try {
        await Promise.race([perform(body, make, options), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

async function perform(body: (fixture: Fixture) => Promise<void>, make: MakeConnector, options: CheckOptions): Promise<void> {
  const connector = await make();
  const localDirectory = await mkdtemp(join(tmpdir(), "sremote-check-"));
  try {
    checkSecrets(connector.label, options, "label");
    const directory = (await run(connector, 'mktemp -d "${TMPDIR:-/tmp}/sremote-check.XXXXXX"')).trim();
    assert.match(directory, /^\/.*sremote-check\./, "mktemp on the host prints a directory");
    try {
      await body({
        connector,
        options,
        directory,
        localDirectory,
        run: (script, given) => run(connector, script, given),
        exec: (script, given) => connector.exec(shell(script), given),
        rejection: (promise, kind, ...codes) => rejection(promise, kind, codes, options),
      });
    } finally {
      await removeRemote(connector, make, directory);
    }
  } catch (error) {
    checkSecrets(error, options, "error");
    throw error;
  } finally {
    await connector.close();
    await rm(localDirectory, { recursive: true, force: true });
  }
}

/** A case may have closed its connector. A connector over a private host takes its directory along, so a second one may not find it. */
async function removeRemote(connector: Connector, make: MakeConnector, directory: string): Promise<void> {
  try {
    await connector.exec(["rm", "-rf", directory]);
  } catch {
    await using another = await make();
    await another.exec(["rm", "-rf", directory]);
  }
}

async function run(connector: Connector, script: string, options?: ExecOptions): Promise<string> {
  const result = await connector.exec(shell(script), options);
  const stderr = new TextDecoder().decode(result.stderr);
  assert.equal(result.exitCode, 0, `a helper script of the suite must exit with 0: ${script}\n${stderr}`);
  return new TextDecoder().decode(result.stdout);
}

async function rejection(promise: Promise<unknown>, kind: ErrorKind, codes: readonly Code[], options: CheckOptions): Promise<SremoteError> {
  const nothing = Symbol("resolved");
  const error: unknown = await promise.then(
    () => nothing,
    (reason: unknown) => reason,
  );
  assert.notEqual(error, nothing, `must reject with ${codes.join(" or ")}, but resolved`);
  checkSecrets(error, options, "error");
  assert.ok(error instanceof kind, `must reject with a ${kind.name}, not ${inspect(error)}`);
  assert.ok(codes.includes(error.code), `must reject with the code ${codes.join(" or ")}, not ${error.code}: ${error.message}`);
  return error;
}

function checkSecrets(thing: unknown, options: CheckOptions, what: string): void {
  const shown =
    inspect(thing, { depth: 10, showHidden: true, maxStringLength: null }) + (thing instanceof Error ? String(thing.stack) : "");
  for (const secret of options.secrets ?? []) assert.ok(!shown.includes(secret), `G27: a secret appears in the ${what}`);
}

/** A word of POSIX sh for scripts of the suite. */
export { quote } from "../quote.ts";
