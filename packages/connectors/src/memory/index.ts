/* A host for tests of what stands on connectors: real commands in a private home directory, and trouble on demand. */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ConnectError,
  InvalidArgumentError,
  SremoteError,
  checkOptionNames,
  type OptionNames,
  checkObject,
  given,
} from "@sremote/protocol";
import type {
  Command,
  Connector,
  ExecOptions,
  ExecResult,
  OperationOptions,
  PullSink,
  SpawnOptions,
  TransferOptions,
} from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import { localNamed } from "../local/index.ts";
import { openSink } from "../transfer/sink.ts";
import { digestOf } from "../transfer/source.ts";
import { corrupted } from "./fault.ts";
import type { Fault, OperationName } from "./fault.ts";

export type { Fault, OperationName } from "./fault.ts";

export interface MemoryOptions {
  /** False: a connector of three functions, without standard input and without `spawn`. @default true */
  acceptsStdin?: boolean | undefined;
  /** Environment variables of commands, as for `local`. `HOME` and `TMPDIR` are the private directory. @default none beside them */
  env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** One operation that was begun. */
export interface Operation {
  readonly name: OperationName;
  /** Of `exec` and `spawn`. */
  readonly command?: Command;
  /** Of `push` and `pull`. */
  readonly remotePath?: string;
  /** What was made to go wrong. */
  readonly fault?: Fault;
}

export interface MemoryConnector extends Connector {
  /** The host's home directory, removed when the connector is closed. */
  readonly directory: string;
  /** Every operation, in the order in which they began. */
  readonly operations: readonly Operation[];
  /** Makes the next operation of that name go wrong (or the one after `skip` others). Each fault is used once. */
  inject(name: OperationName, fault: Fault, skip?: number): void;
}

const optionNames: OptionNames<MemoryOptions> = { acceptsStdin: true, env: true };

/**
 * A new private host in this process. It has no memory of its own but a directory under the system's temporary one.
 *
 * @example
 * ```ts
 * import { RemoteClient } from "sremote";
 * import { memory } from "sremote/testing";
 *
 * const host = memory();
 * host.inject("exec", { kind: "fail-after" });
 * await using client = new RemoteClient(host, { transport: "spool" });
 * ```
 */
export function memory(options: MemoryOptions = {}): MemoryConnector {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "an object");
  checkOptionNames(options, optionNames);
  const label = "memory://";
  const acceptsStdin = options.acceptsStdin ?? true;
  const directory = mkdtempSync(join(tmpdir(), "sremote-memory-"));
  const host = localNamed(label, { cwd: directory, env: { ...options.env, HOME: directory, TMPDIR: directory } });
  const operations: Operation[] = [];
  const planned: { name: OperationName; fault: Fault; skip: number }[] = [];

  const begin = (operation: Operation): Fault | undefined => {
    const waiting = planned.filter(({ name }) => name === operation.name);
    const due = waiting.find((plan) => plan.skip-- <= 0);
    if (due !== undefined) planned.splice(planned.indexOf(due), 1);
    operations.push(due === undefined ? operation : { ...operation, fault: due.fault });
    return due?.fault;
  };
  const lost = (stage: string): ConnectError => new ConnectError("connection-lost", "the link was cut (injected)", { stage, host: label });

  async function disturb<T>(operation: Operation, own: OperationOptions, work: (fault: Fault | undefined) => Promise<T>): Promise<T> {
    const fault = begin(operation);
    if (fault?.kind === "fail-before") throw lost(operation.name);
    if (fault?.kind === "delay") {
      await withDeadline(own, { label, stage: operation.name }, (signal) => orAborted(fault.until, signal));
    }
    const result = await work(fault);
    if (fault?.kind === "fail-after") throw lost(operation.name);
    return result;
  }

  async function exec(command: Command, own: ExecOptions): Promise<ExecResult> {
    if (!acceptsStdin && own.stdin !== undefined) {
      throw new SremoteError("unsupported", "exec: this connector takes no standard input", { stage: "exec", host: label });
    }
    return disturb({ name: "exec", command }, own, async (fault) => {
      const result = await host.exec(command, own);
      if (fault?.kind === "cut") return { ...result, stdout: result.stdout.subarray(0, fault.bytes) };
      if (fault?.kind === "corrupt") return { ...result, stdout: corrupted(result.stdout) };
      return result;
    });
  }

  async function pull(remotePath: string, sink: PullSink, own: TransferOptions): Promise<void> {
    await disturb({ name: "pull", remotePath }, own, async (fault) => {
      if (fault?.kind !== "cut" && fault?.kind !== "corrupt") return host.pull(remotePath, sink, own);
      const whole = await read(remotePath, own);
      const content = fault.kind === "cut" ? whole.subarray(0, fault.bytes) : corrupted(whole);
      const target = await openSink(sink, own.mode ?? 0o600, "pull", label);
      try {
        await target.write(content);
        await target.commit(await digestOf([content]));
      } finally {
        await target.discard();
      }
    });
  }

  async function read(remotePath: string, own: OperationOptions): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    await host.pull(remotePath, { write: (chunk) => void chunks.push(chunk) }, own);
    return Buffer.concat(chunks);
  }

  const close = async (): Promise<void> => {
    await host.close();
    await rm(directory, { recursive: true, force: true });
  };

  return {
    label,
    acceptsStdin,
    announcesInput: acceptsStdin,
    directory,
    operations,
    inject: (name, fault, skip = 0) => {
      if (!["exec", "push", "pull", "spawn"].includes(name))
        throw new InvalidArgumentError("name", `"exec", "push", "pull" or "spawn"${given(name)}`);
      checkObject(fault, "fault");
      if (!Number.isSafeInteger(skip) || skip < 0) throw new InvalidArgumentError("skip", `a whole number, 0 or more${given(skip)}`);
      planned.push({ name, fault, skip });
    },
    exec: (command, own = {}) => exec(command, own),
    push: (source, remotePath, own = {}) =>
      disturb({ name: "push", remotePath }, own, async (fault) => {
        await host.push(source, remotePath, own);
        if (fault?.kind === "corrupt") await host.push(corrupted(await read(remotePath, {})), remotePath, { mode: own.mode });
      }),
    pull: (remotePath, sink, own = {}) => pull(remotePath, sink, own),
    ...(acceptsStdin && {
      spawn: (command: Command, own: SpawnOptions = {}) =>
        disturb({ name: "spawn", command }, own, async () => {
          if (host.spawn === undefined) throw new SremoteError("unsupported", "spawn", { host: label });
          return host.spawn(command, own);
        }),
    }),
    status: (own) => host.status(own),
    close,
    [Symbol.asyncDispose]: close,
  };
}
