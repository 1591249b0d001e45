/* A command that has been started, over a connector that starts live processes, or over one that only runs commands to their end. */
import type { Readable, Writable } from "node:stream";
import {
  type Command,
  type Connector,
  type ExecOptions,
  type ExecResult,
  type PtySize,
  quote,
  type RemoteProcess as ConnectorProcess,
  settledWithin,
  shell,
  shellText,
} from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../temporary-directory.ts";
import { type Environment, environmentInput } from "./environment.ts";
import { type HeldCommand, heldCommand, readPid } from "./held-command.ts";
import { ownLeashScript } from "./leash-script.ts";
import { Leash, period, type Signal } from "./leash.ts";
import { type OnLeash, OnOwnLeash, OnSharedLeash } from "./on-leash.ts";
import type { OutputChunk, StreamName } from "./output.ts";

export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface Live {
  /** Absent where the command got its whole input with its start. */
  readonly stdin: Writable | undefined;
  /** When the host reports the end. Rejects with a SremoteError when it cannot any more. */
  readonly exited: Promise<ExitStatus>;
  /** When its output has been read, too. */
  readonly done: Promise<ExitStatus>;
  /** Resolves when the signal was sent. Its end tells whether it arrived. */
  end(signal: Signal): Promise<void>;
  /** Resolves when the process has the signal, as far as the connector can tell. */
  signal(signal: Signal): Promise<void>;
  /** Reads no more of its output. Unless the end was reported, it is lost with this error. */
  abandon(error: SremoteError): void;
}

export interface LiveOptions {
  readonly leash: boolean;
  readonly pty: PtySize | undefined;
  /** Variables of the command. */
  readonly env: Environment | undefined;
  /** All of the input, or undefined where the caller writes. */
  readonly stdin: Uint8Array | undefined;
  /** Of each stream, where nothing comes before the end. */
  readonly outputLimit: number;
  /** Takes output; what it returns is waited for. Never rejects. */
  readonly deliver: (chunk: OutputChunk) => Promise<void>;
  /** Aborted: the command is not wanted any more, and has not begun. */
  readonly signal: AbortSignal;
}

/** @throws SremoteError when it could not be started; nothing of it has run then, as far as the connector can tell */
export function startLive(connector: Connector, command: Command, options: LiveOptions): Promise<Live> {
  return connector.spawn === undefined
    ? Promise.resolve(startWhole(connector, command, options))
    : startSpawned(connector, command, options);
}

async function startSpawned(connector: Connector, command: Command, options: LiveOptions): Promise<Live> {
  const { signal, pty, stdin } = options;
  if (!options.leash && options.env !== undefined) return await startHeld(connector, command, options);
  if (!options.leash) return new SpawnedProcess(await connector.spawn!(command, { signal, pty }), connector.label, options, undefined);
  return await (stdin?.length === 0 && pty === undefined
    ? startOnOwn(connector, command, options)
    : startOnShared(connector, command, options));
}

/** The command reads its input or has a terminal: the leash of the connection watches over it. */
async function startOnShared(connector: Connector, command: Command, options: LiveOptions): Promise<Live> {
  const { signal, pty } = options;
  const leash = Leash.on(connector);
  const release = leash.hold();
  try {
    // Of the two sessions that the host has to open, neither waits for the other.
    const held = heldCommand(command, options.env);
    const [started, ready] = await Promise.allSettled([connector.spawn!(held.command, { signal, pty }), leash.ready()]);
    if (started.status === "rejected") throw started.reason;
    const process = started.value;
    try {
      if (ready.status === "rejected") throw ready.reason;
      const pid = await whenHeld(process, held, connector.label, signal);
      const onLeash = await untilAborted(OnSharedLeash.add(leash, pid, release), signal);
      process.stdin.write(held.words);
      return new SpawnedProcess(process, connector.label, options, onLeash);
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    release();
    throw error;
  }
}

/** How long a command that may have begun may take to say so once it is not wanted any more, in milliseconds. */
const lastWord = 1000;

/** The command reads nothing: its input is where a leash of its own waits, which costs no other session and no round trip. */
async function startOnOwn(connector: Connector, command: Command, options: LiveOptions): Promise<Live> {
  const { signal } = options;
  const held = heldCommand(command, options.env, ownLeashScript(period));
  const process = await connector.spawn!(held.command, { signal });
  try {
    process.stdin.on("error", () => undefined); // That it is gone, its exit tells.
    signal.throwIfAborted();
    process.stdin.write(held.words);
    // From here on it may run. Who does not want it any more ends it like any other, as soon as its pid is known.
    const late = new AbortController();
    const giveUp = (): void => void setTimeout(() => late.abort(), lastWord).unref();
    signal.addEventListener("abort", giveUp, { once: true });
    const pid = await whenHeld(process, held, connector.label, late.signal).finally(() => signal.removeEventListener("abort", giveUp));
    return new SpawnedProcess(process, connector.label, options, new OnOwnLeash(process, connector, pid));
  } catch (error) {
    // The leash ends what may run.
    process.stdin.destroy();
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Without a leash: the command waits for its variables alone. */
async function startHeld(connector: Connector, command: Command, options: LiveOptions): Promise<Live> {
  const held = heldCommand(command, options.env);
  const process = await connector.spawn!(held.command, { signal: options.signal, pty: options.pty });
  try {
    await whenHeld(process, held, connector.label, options.signal);
    process.stdin.write(held.words);
    return new SpawnedProcess(process, connector.label, options, undefined);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Waits until it says that it waits. @returns its pid */
async function whenHeld(process: ConnectorProcess, held: HeldCommand, label: string, signal: AbortSignal): Promise<number> {
  const soon = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  return await untilAborted(readPid(process, held.marker, label), soon);
}

/** For a login shell's start-up files, in milliseconds. */
const patience = 60_000;

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const late = new ConnectError("channel-failed", `the host's shell did not begin the command within ${patience} ms`, { stage: "start" });
  const unwanted = new SremoteError("cancelled", "the command is not wanted any more", { stage: "start" });
  const stop = (): void => reject((signal.reason as Error).name === "TimeoutError" ? late : unwanted);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** How long a broken stream waits for the exit status to say why, in milliseconds. */
const explanation = 1000;

class SpawnedProcess implements Live {
  readonly stdin: Writable | undefined;
  readonly exited: Promise<ExitStatus>;
  readonly done: Promise<ExitStatus>;
  readonly #process: ConnectorProcess;
  readonly #onLeash: OnLeash | undefined;
  readonly #abandoned = Promise.withResolvers<never>();
  #isAbandoned = false;

  constructor(process: ConnectorProcess, label: string, options: LiveOptions, onLeash: OnLeash | undefined) {
    this.#process = process;
    this.#onLeash = onLeash;
    process.stdin.on("error", () => undefined); // That nobody reads it is the command's affair; a lost link, its exit tells.
    this.stdin = options.stdin === undefined ? process.stdin : undefined;
    // On a terminal the end of input is a character, and the end of the stream would be the terminal's end.
    if (onLeash instanceof OnOwnLeash) this.stdin = undefined;
    else if (options.stdin !== undefined && options.pty !== undefined) process.stdin.write(options.stdin);
    else if (options.stdin !== undefined) process.stdin.end(options.stdin);
    this.#abandoned.promise.catch(() => undefined);
    this.exited = Promise.race([process.exit.then(({ exitCode, signal }) => ({ exitCode, signal })), this.#abandoned.promise]);
    this.exited.catch(() => undefined);
    const read = Promise.all([this.#read("stdout", options), this.#read("stderr", options)]);
    this.done = this.#finish(label, read);
    this.done.catch(() => undefined);
  }

  async end(signal: Signal): Promise<void> {
    await (this.#onLeash === undefined ? this.signal(signal) : this.#onLeash.end(signal));
  }

  async signal(signal: Signal): Promise<void> {
    if (this.#onLeash !== undefined) return await this.#onLeash.signal(signal);
    if (signal !== "SIGTERM" && signal !== "SIGKILL" && signal !== "SIGINT" && signal !== "SIGHUP") {
      throw new SremoteError("unsupported", `${signal} cannot be sent without a leash`, { stage: "kill" });
    }
    await this.#process.kill(signal);
  }

  abandon(error: SremoteError): void {
    this.#isAbandoned = true;
    this.#abandoned.reject(error);
    this.#process.stdout.destroy();
    this.#process.stderr.destroy();
    void this.#dispose();
  }

  async #dispose(): Promise<void> {
    try {
      await this.#process[Symbol.asyncDispose]();
    } catch (error) {
      // A link that is silent gives no answer; what is wrong with it was said.
      if (!(error instanceof SremoteError)) throw error;
    }
  }

  async #read(name: StreamName, { deliver }: LiveOptions): Promise<void> {
    const stream: Readable = this.#process[name];
    try {
      for await (const bytes of stream as AsyncIterable<Uint8Array>) await deliver({ stream: name, bytes });
    } catch (error) {
      if (!this.#isAbandoned) throw error;
    }
  }

  async #finish(label: string, read: Promise<unknown>): Promise<ExitStatus> {
    try {
      const [status] = await Promise.all([this.exited, read]);
      return status;
    } catch (error) {
      if (error instanceof SremoteError) throw error;
      if (await settledWithin(this.exited, explanation)) await this.exited;
      throw new ConnectError("connection-lost", "the command's output broke off", { stage: "run", host: label, cause: error });
    } finally {
      this.#process.stdin.destroy();
      await this.#onLeash?.release();
    }
  }
}

/** Nothing comes before the end, and there is no process to write to or to send a signal: ending it is all that can be done. */
function startWhole(connector: Connector, command: Command, options: LiveOptions): Live {
  const { pty, stdin, outputLimit, deliver } = options;
  const host = connector.label;
  if (pty !== undefined) throw new SremoteError("unsupported", "the connector gives processes no terminal", { stage: "start", host });
  if (stdin === undefined || (stdin.length > 0 && !connector.acceptsStdin)) {
    throw new SremoteError("unsupported", "the connector takes no standard input for a process that runs", { stage: "start", host });
  }
  const control = new AbortController();
  const { promise: abandoned, reject } = Promise.withResolvers<never>();
  abandoned.catch(() => undefined);
  const result = execWhole(connector, command, options.env, stdin, {
    signal: AbortSignal.any([control.signal, options.signal]),
    maxOutput: outputLimit,
  });
  const exited = Promise.race([result.then(({ exitCode, signal }) => ({ exitCode, signal })), abandoned]);
  exited.catch(() => undefined);
  const done = (async () => {
    const status = await exited;
    const { stdout, stderr, truncated } = await result;
    if (stdout.length > 0) await deliver({ stream: "stdout", bytes: stdout });
    if (stderr.length > 0) await deliver({ stream: "stderr", bytes: stderr });
    if (truncated === true) await deliver({ stream: "stdout", bytes: new Uint8Array(0), lost: true });
    return status;
  })();
  done.catch(() => undefined);
  const end = async (): Promise<void> => control.abort();
  return { stdin: undefined, exited, done, end, signal: end, abandon: (error) => reject(error) };
}

/** Runs a command to its end, with variables and input. */
async function execWhole(
  connector: Connector,
  command: Command,
  env: Environment = {},
  stdin: Uint8Array,
  options: ExecOptions & { signal: AbortSignal },
): Promise<ExecResult> {
  if (Object.keys(env).length === 0) return await connector.exec(command, connector.acceptsStdin ? { ...options, stdin } : options);
  const { read, set, input } = environmentInput(env);
  if (connector.acceptsStdin) {
    const script = shell([read, set, shellText(command)].join("\n"));
    return await connector.exec(script, { ...options, stdin: [Buffer.from(input), stdin] });
  }
  const directory = await makeTemporaryDirectory(connector, "run", "start", options.signal);
  try {
    await connector.push(Buffer.from(input), `${directory}/env`, { signal: options.signal, mode: 0o600 });
    const script = shell([`{ ${read}\n} < ${quote(`${directory}/env`)}`, `rm -rf ${quote(directory)}`, set, shellText(command)].join("\n"));
    return await connector.exec(script, options);
  } catch (error) {
    await removeTemporaryDirectory(connector, directory);
    throw error;
  }
}
