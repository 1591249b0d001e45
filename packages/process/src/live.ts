/* A command that has been started, over a connector that starts live processes, or over one that only runs commands to their end. */
import type { Command, Connector, RemoteProcess as ConnectorProcess } from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { type HeldCommand, heldCommand, readPid } from "./held-command.ts";
import { ownWatchdogScript } from "./watchdog-script.ts";
import { Watchdog, period } from "./watchdog.ts";
import { shortened } from "./long-command.ts";
import { OwnWatch, SharedWatch } from "./watch.ts";
import { spawnInTurn } from "./sessions.ts";
import { SpawnedProcess } from "./spawned-process.ts";
import { type Live, type LiveOptions, patience } from "./started-process.ts";
import { startWhole } from "./whole.ts";

/** @throws SremoteError when it could not be started; nothing of it has run then, as far as the connector can tell */
export function startLive(connector: Connector, command: Command, options: LiveOptions): Promise<Live> {
  return connector.spawn === undefined
    ? Promise.resolve(startWhole(connector, command, options))
    : startSpawned(connector, command, options);
}

async function startSpawned(connector: Connector, given: Command, options: LiveOptions): Promise<Live> {
  const { pty, stdin } = options;
  const { command, before, remove } = await shortened(connector, given, options.signal);
  const what: WhatToStart = { connector, command, before, options };
  try {
    if (!options.watchdog && options.env === undefined && before === "") return await startBare(what);
    if (!options.watchdog) return await startHeld(what);
    return await (stdin?.length === 0 && pty === undefined ? startOnOwn(what) : startOnShared(what));
  } catch (error) {
    await remove();
    throw error;
  }
}

interface WhatToStart {
  readonly connector: Connector;
  readonly command: Command;
  /** Part of a script that goes before it. */
  readonly before: string;
  readonly options: LiveOptions;
}

async function startBare({ connector, command, options }: WhatToStart): Promise<Live> {
  const { signal, pty, onWait, purpose } = options;
  return new SpawnedProcess(await spawnInTurn(connector, command, { signal, pty, onWait, purpose }), connector, options, undefined);
}

/** The command reads its input or has a terminal: the watchdog of the connection watches over it. */
async function startOnShared({ connector, command, before, options }: WhatToStart): Promise<Live> {
  const { signal } = options;
  const watchdog = Watchdog.on(connector);
  const release = watchdog.hold();
  try {
    const held = heldCommand(command, options.env, "", before);
    const [process, ready] = await startBesideWatchdog(connector, held, watchdog, options);
    try {
      await ready;
      const pid = await whenHeld(process, held, connector.label, signal);
      const watch = await untilAborted(SharedWatch.add(watchdog, pid, release), signal);
      process.stdin.write(held.words);
      return new SpawnedProcess(process, connector, options, watch, held.marker);
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Of the two sessions that the host has to open, neither waits for the other. But where the watchdog has to wait for one, the command, which has not begun, gives
 * its own back: otherwise each could wait for the other.
 */
async function startBesideWatchdog(
  connector: Connector,
  held: HeldCommand,
  watchdog: Watchdog,
  { signal, pty, onWait, purpose }: LiveOptions,
): Promise<[ConnectorProcess, Promise<void>]> {
  const blocked = Promise.withResolvers<"blocked">();
  const ready = untilAborted(
    watchdog.ready(() => blocked.resolve("blocked")),
    signal,
  );
  ready.catch(() => undefined);
  const early = new AbortController();
  const start = (more: AbortSignal[] = []): Promise<ConnectorProcess> =>
    spawnInTurn(connector, held.command, { signal: AbortSignal.any([signal, ...more]), pty, onWait, purpose });
  const started = start([early.signal]);
  started.catch(() => undefined);
  const settled = Promise.allSettled([started, ready]).then(() => "settled" as const);
  if ((await Promise.race([settled, blocked.promise])) === "settled") return [await started, ready];
  early.abort();
  const process = await started.catch(() => undefined);
  await process?.[Symbol.asyncDispose]();
  onWait("a session of the connection for the watchdog, beside the command's own (sshd's MaxSessions)");
  await ready;
  return [await start(), ready];
}

/** How long a command that may have begun may take to say so once it is not wanted any more, in milliseconds. */
const lastWord = 1000;

/** The command reads nothing: its input is where a watchdog of its own waits, which costs no other session and no round trip. */
async function startOnOwn({ connector, command, before, options }: WhatToStart): Promise<Live> {
  const { signal, onWait, purpose } = options;
  const held = heldCommand(command, options.env, ownWatchdogScript(period), before);
  const process = await spawnInTurn(connector, held.command, { signal, onWait, purpose });
  try {
    process.stdin.on("error", () => undefined); // That it is gone, its exit tells.
    signal.throwIfAborted();
    process.stdin.write(held.words);
    // From here on it may run. Who does not want it any more ends it like any other, as soon as its pid is known.
    const late = new AbortController();
    const giveUp = (): void => void setTimeout(() => late.abort(), lastWord).unref();
    signal.addEventListener("abort", giveUp, { once: true });
    const pid = await whenHeld(process, held, connector.label, late.signal).finally(() => signal.removeEventListener("abort", giveUp));
    return new SpawnedProcess(process, connector, options, new OwnWatch(process, connector, pid), held.marker);
  } catch (error) {
    // The watchdog ends what may run.
    process.stdin.destroy();
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Without a watchdog: the command waits for what goes before it alone. */
async function startHeld({ connector, command, before, options }: WhatToStart): Promise<Live> {
  const { signal, pty, onWait, purpose } = options;
  const held = heldCommand(command, options.env, "", before);
  const process = await spawnInTurn(connector, held.command, { signal, pty, onWait, purpose });
  try {
    await whenHeld(process, held, connector.label, options.signal);
    process.stdin.write(held.words);
    return new SpawnedProcess(process, connector, options, undefined, held.marker);
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
