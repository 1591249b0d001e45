/* One SSH connection that is up: channels on it, and what happens when it is lost. */
import type { Duplex } from "node:stream";
import { ConnectError, DeadlineTimer } from "@sremote/protocol";
import type { Client, ClientChannel } from "ssh2";
import type { PtySize, SpawnOptions } from "../connector.ts";
import { settledWithin } from "../deadline.ts";
import { allInUse, sessionOf } from "../sessions-in-use.ts";
import { StartAgain } from "../start-again.ts";
import { UnreadStderr } from "../process/index.ts";
import { ChannelQueue } from "./channel-queue.ts";
import { shareWindow } from "./shared-window.ts";
import { sshError } from "./ssh-error.ts";
import { askForAnswer } from "./ssh2-hooks.ts";

/**
 * Takes a channel over, in the same turn in which it opens: ssh2 may emit its exit and close in that turn, too.
 * `release` gives the place to the next in the queue, and is to be called when the channel is closed.
 */
export type TakeChannel<T> = (channel: ClientChannel, release: () => void) => T;

export interface StartOptions extends SpawnOptions {
  /** Milliseconds for the host to answer, once it was asked. */
  startTimeout: number;
}

/** Milliseconds without a single byte after a request that should be answered at once. The slowest links, over satellites, have round trips below one second. */
export const suspicious = 2000;

export interface ConnectionTraits {
  /** Why the host's key was refused in a later key exchange, if it was. */
  refusal: () => ConnectError | undefined;
  /** The host serves one channel for each connection. */
  isSingle: boolean;
}

export class Connection {
  readonly label: string;
  readonly unreadStderr: UnreadStderr = new UnreadStderr();
  readonly #client: Client;
  readonly #socket: Duplex;
  /** The connection to the jump host this one goes through. */
  readonly #carrier: Connection | undefined;
  readonly #queue = new ChannelQueue();
  readonly #again = new StartAgain();
  readonly #onLost = new Set<(error: ConnectError) => void>();
  #lost: ConnectError | undefined;
  /** When something came last, and when each request was made that is not answered. */
  #heard: number = performance.now();
  readonly #asked = new Set<{ at: number }>();
  /** The question for a sign of life that is not answered. */
  #question: Promise<void> | undefined;

  /** The host serves one channel and then ends the connection, as tinyssh does. */
  readonly isSingle: boolean;
  #claimed = false;

  constructor(client: Client, socket: Duplex, label: string, carrier: Connection | undefined, { refusal, isSingle }: ConnectionTraits) {
    this.isSingle = isSingle;
    this.#client = client;
    this.#socket = socket;
    this.label = label;
    this.#carrier = carrier;
    client.on("error", (error: Error & { level?: string }) => {
      // The agent is only asked during authentication; an agent that goes away later is no trouble of the link.
      if (error.level !== "agent") this.#lose(refusal() ?? error);
    });
    client.on("close", () => this.#lose(refusal() ?? new Error("the host closed the connection")));
    socket.on("data", () => (this.#heard = performance.now()));
  }

  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  /** Whether the host leaves a request without answer and says nothing else either: it may be out of reach this way for good. */
  get isSilent(): boolean {
    const latest = performance.now() - suspicious;
    for (const { at } of this.#asked) if (at < latest && this.#heard < at) return true;
    return false;
  }

  /** Milliseconds since something came from the host. */
  get silence(): number {
    return performance.now() - this.#heard;
  }

  /** Resolves when the host has given a sign of life, for which it needs no channel, or the link is lost. */
  answers(): Promise<void> {
    this.#question ??= new Promise<void>((resolve) => {
      if (!this.isOpen) return resolve();
      const asked = { at: performance.now() };
      this.#asked.add(asked);
      const done = (): void => {
        this.#question = undefined;
        this.#asked.delete(asked);
        this.#socket.off("data", done);
        stopListening();
        resolve();
      };
      const stopListening = this.onLost(done);
      // Whatever it says tells that it is there.
      this.#socket.on("data", done);
      askForAnswer(this.#client, done);
    });
    return this.#question;
  }

  /** Whether a command may be started: the one command of a connection with a single channel was not claimed before. */
  claim(): boolean {
    if (this.isSpent) return false;
    this.#claimed = true;
    return true;
  }

  /** No further command can be started. */
  get isSpent(): boolean {
    return this.isSingle && this.#claimed;
  }

  /** Channels that are open or asked for. */
  get inUse(): number {
    return this.#queue.inUse;
  }

  /** For a message: whether a command would have to wait, and for what. */
  get occupation(): string {
    return allInUse(this.#queue.limit, this.#queue.holders);
  }

  /** Calls back once when the link is lost, before any stream ends because of it; returns a function that takes the wish back. */
  onLost(callback: (error: ConnectError) => void): () => void {
    this.#onLost.add(callback);
    return () => this.#onLost.delete(callback);
  }

  /**
   * Starts a command on a channel of its own, when there is a free place. The signal ends the waiting, not the command. A host that answers
   * too late has its channel taken all the same, after the rejection.
   */
  exec<T>(line: string, options: StartOptions, take: TakeChannel<T>): Promise<T> {
    let before = 0;
    const attempt = (first: boolean): Promise<T> => {
      before = this.#queue.asked;
      return this.#exec(line, options, take, first);
    };
    // One that ended a moment ago undoes it too, though its place is free already.
    const wasAlone = (): boolean => before === 0 && this.#queue.asked === 1;
    const isUndone = (error: unknown): boolean => isStartFailure(error) && this.isOpen && !wasAlone();
    return this.#again.run(attempt, isUndone, options.signal);
  }

  async #exec<T>(
    line: string,
    { signal, pty, startTimeout, onWait, purpose }: StartOptions,
    take: TakeChannel<T>,
    first: boolean,
  ): Promise<T> {
    let told = false;
    const wait = (): void => {
      if (!told) onWait?.(sessionOf(this.#queue.limit, this.#queue.holders));
      told = true;
    };
    for (let again = first; ; again = true) {
      const ticket = await this.#queue.acquire(signal, again, wait, purpose);
      try {
        const taken = (channel: ClientChannel): T => {
          ticket.answered();
          return take(channel, () => ticket.release());
        };
        return await this.#start(line, pty, taken, startTimeout);
      } catch (error) {
        // The host may still count it; its answer, or the link's end, gives the place back.
        if (error instanceof ConnectError && error.code === "connect-timeout") throw error;
        const closed = this.#queue.closed;
        if (isStartFailure(error)) ticket.answered();
        ticket.release();
        const counted = this.#queue.inUse + closed;
        // A host that allows fewer sessions than we thought; one of them will end, or is forgotten by the host.
        if (!isOpenFailure(error) || !this.isOpen || counted === 0) throw error;
        this.#queue.lower(counted);
      }
    }
  }

  /** As `exec`, beside the queue: for ending commands that hold all the places. */
  execAtOnce<T>(line: string, take: (channel: ClientChannel) => T): Promise<T> {
    return this.#start(line, undefined, take);
  }

  /** Bounds what of a channel's two outputs lies unread, together. */
  shareWindow(channel: ClientChannel): void {
    shareWindow(this.#client, channel);
  }

  /** A stream to an address as seen from the host. */
  forward(host: string, port: number): Promise<Duplex> {
    return this.#request(
      (done) => this.#client.forwardOut("127.0.0.1", 0, host, port, done),
      (channel) => channel,
    );
  }

  /** Ends the link. Commands that still run are reported as lost. */
  async end(): Promise<void> {
    if (this.isOpen) {
      const closed = new Promise<void>((resolve) => {
        this.#client.once("close", () => resolve());
        // The host has a moment to answer the goodbye.
        setTimeout(resolve, 1000).unref();
      });
      this.#client.end();
      await closed;
    }
    this.#lose(new Error("the connection was closed"));
    await this.#carrier?.end();
  }

  /** Ends it without being awaited: a link that cannot be ended in good order is cut. */
  endAlone(): void {
    this.end().catch((error: unknown) => this.#lose(error instanceof Error ? error : new Error(String(error))));
  }

  #start<T>(line: string, pty: PtySize | undefined, take: (channel: ClientChannel) => T, timeout?: number): Promise<T> {
    const options = pty === undefined ? {} : { pty: { rows: pty.rows, cols: pty.columns } };
    return this.#request((done) => this.#client.exec(line, options, done), take, timeout);
  }

  #request<T>(
    ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
    take: (channel: ClientChannel) => T,
    timeout?: number,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      const late = (): void =>
        reject(
          new ConnectError("connect-timeout", `the host did not answer the request to start a command within ${timeout} ms`, {
            stage: "exec",
            host: this.label,
            hint: "its SSH server is overloaded or out of order; `startTimeout` allows it more time",
          }),
        );
      const timer = timeout === undefined ? undefined : new DeadlineTimer(timeout, late);
      const asked = { at: performance.now() };
      this.#asked.add(asked);
      const stopListening = this.onLost((error) => {
        timer?.stop();
        reject(error);
      });
      const forget = (): void => {
        timer?.stop();
        stopListening();
        this.#asked.delete(asked);
      };
      const fail = (reason: unknown): void => {
        forget();
        const refuse = (): void => reject(this.#lost ?? sshError(reason, { phase: "channel", label: this.label }));
        this.#isEnding().then(refuse, refuse);
      };
      try {
        // ssh2 throws when the socket is no longer writable.
        ask((error, channel) => {
          if (error !== undefined) return fail(error);
          forget();
          try {
            resolve(take(channel));
          } catch (thrown) {
            // Thrown out of a callback of ssh2 it would end the program, or the link.
            channel.close();
            reject(thrown);
          }
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  /**
   * Resolves when it is known whether the link has ended: ssh2 fails requests, as if the host had refused them, before it tells of the link's end, and a
   * server that breaks may have refused some in its last moment. One that refuses answers the next question.
   */
  async #isEnding(): Promise<void> {
    await new Promise(setImmediate);
    if (!this.isOpen) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopListening = this.onLost(() => resolve());
    askForAnswer(this.#client, resolve);
    await settledWithin(promise, suspicious);
    stopListening();
  }

  #lose(error: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = sshError(error, { phase: "open", label: this.label });
    for (const callback of this.#onLost) callback(this.#lost);
    this.#onLost.clear();
    this.#client.destroy();
    this.#socket.destroy();
    // A link through a jump host is as good as that host's own.
    this.#carrier?.endAlone();
  }
}

function isOpenFailure(error: unknown): boolean {
  return error instanceof ConnectError && error.code === "channel-failed" && /open failure/i.test(error.message);
}

/** The channel was opened, and closed or refused in place of starting the command. */
function isStartFailure(error: unknown): boolean {
  return error instanceof ConnectError && error.code === "channel-failed" && /unable to exec/i.test(error.message);
}
