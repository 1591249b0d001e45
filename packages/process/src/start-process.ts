/* A command that has been started, over a connector that starts live processes, or over one that only runs commands to their end. */
import type { Command, Connector, SpawnedProcess } from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { type GatedCommand, gatedCommand, readPid } from "./gated-command.ts";
import { ownWatchdogScript } from "./watchdog-script.ts";
import { Watchdog, period } from "./watchdog.ts";
import { shortened } from "./long-command.ts";
import { OwnWatch, SharedWatch } from "./watch.ts";
import { spawnInTurn } from "./sessions.ts";
import { SpawnedCommand } from "./spawned-command.ts";
import { type StartedProcess, type StartOptions, patience } from "./started-process.ts";
import { startWhole } from "./whole-command.ts";

/** @throws SremoteError when it could not be started; nothing of it has run then, as far as the connector can tell */
export function startProcess(connector: Connector, command: Command, options: StartOptions): Promise<StartedProcess> {
  return connector.spawn === undefined
    ? Promise.resolve(startWhole(connector, command, options))
    : startSpawned(connector, command, options);
}

async function startSpawned(connector: Connector, given: Command, options: StartOptions): Promise<StartedProcess> {
  const { pty, stdin } = options;
  const { command, before, remove } = await shortened(connector, given, options.signal);
  const what: WhatToStart = { connector, command, before, options };
  try {
    if (!options.watchdog && options.env === undefined && before === "") return await startBare(what);
    if (!options.watchdog) return await startGated(what);
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
  readonly options: StartOptions;
}

async function startBare({ connector, command, options }: WhatToStart): Promise<StartedProcess> {
  const { signal, pty, onWait, purpose } = options;
  return new SpawnedCommand(await spawnInTurn(connector, command, { signal, pty, onWait, purpose }), connector, options, undefined);
}

/** The command reads its input or has a terminal: the watchdog of the connection watches over it. */
async function startOnShared({ connector, command, before, options }: WhatToStart): Promise<StartedProcess> {
  const { signal } = options;
  const watchdog = Watchdog.on(connector);
  const release = watchdog.hold();
  try {
    const gated = gatedCommand(command, options.env, "", before);
    const [process, ready] = await startBesideWatchdog(connector, gated, watchdog, options);
    try {
      await ready;
      const pid = await whenGated(process, gated, connector.label, signal);
      const watch = await untilAborted(SharedWatch.add(watchdog, pid, release), signal);
      process.stdin.write(gated.words);
      return new SpawnedCommand(process, connector, options, watch, gated.marker);
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
  gated: GatedCommand,
  watchdog: Watchdog,
  { signal, pty, onWait, purpose }: StartOptions,
): Promise<[SpawnedProcess, Promise<void>]> {
  const blocked = Promise.withResolvers<"blocked">();
  const ready = untilAborted(
    watchdog.ready(() => blocked.resolve("blocked")),
    signal,
  );
  ready.catch(() => undefined);
  const early = new AbortController();
  const start = (more: AbortSignal[] = []): Promise<SpawnedProcess> =>
    spawnInTurn(connector, gated.command, { signal: AbortSignal.any([signal, ...more]), pty, onWait, purpose });
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
async function startOnOwn({ connector, command, before, options }: WhatToStart): Promise<StartedProcess> {
  const { signal, onWait, purpose } = options;
  const gated = gatedCommand(command, options.env, ownWatchdogScript(period), before);
  const process = await spawnInTurn(connector, gated.command, { signal, onWait, purpose });
  try {
    process.stdin.on("error", () => undefined); // That it is gone, its exit tells.
    signal.throwIfAborted();
    process.stdin.write(gated.words);
    // From here on it may run. Who does not want it any more ends it like any other, as soon as its pid is known.
    const late = new AbortController();
    const giveUp = (): void => void setTimeout(() => late.abort(), lastWord).unref();
    signal.addEventListener("abort", giveUp, { once: true });
    const pid = await whenGated(process, gated, connector.label, late.signal).finally(() => signal.removeEventListener("abort", giveUp));
    return new SpawnedCommand(process, connector, options, new OwnWatch(process, connector, pid), gated.marker);
  } catch (error) {
    // The watchdog ends what may run.
    process.stdin.destroy();
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Without a watchdog: the command waits for what goes before it alone. */
async function startGated({ connector, command, before, options }: WhatToStart): Promise<StartedProcess> {
  const { signal, pty, onWait, purpose } = options;
  const gated = gatedCommand(command, options.env, "", before);
  const process = await spawnInTurn(connector, gated.command, { signal, pty, onWait, purpose });
  try {
    await whenGated(process, gated, connector.label, options.signal);
    process.stdin.write(gated.words);
    return new SpawnedCommand(process, connector, options, undefined, gated.marker);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Waits until it says that it waits. @returns its pid */
async function whenGated(process: SpawnedProcess, gated: GatedCommand, label: string, signal: AbortSignal): Promise<number> {
  const soon = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  return await untilAborted(readPid(process, gated.marker, label), soon);
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const late = new ConnectError("channel-failed", `the host's shell did not begin the command within ${patience} ms`, { stage: "start" });
  const unwanted = new SremoteError("cancelled", "the command was cancelled before it started", { stage: "start" });
  const stop = (): void => reject((signal.reason as Error).name === "TimeoutError" ? late : unwanted);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
