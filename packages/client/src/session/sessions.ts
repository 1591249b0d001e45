/* The live sessions of a client, one for each runtime: started when first needed, and anew when one has ended. */
import { randomBytes } from "node:crypto";
import type { Connector } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";
import type { Invocation } from "../call/invocation.ts";
import type { Runtime } from "../call/options.ts";
import type { HostSession } from "../call/place.ts";
import type { Watchers } from "../events/watchers.ts";
import type { Located } from "../host/launch.ts";
import type { HostSettings } from "../host/settings.ts";
import type { SessionWatch, StreamSettings } from "./options.ts";
import { SessionStarter } from "./session-starter.ts";
import { Session } from "./session.ts";

export interface LiveSession {
  readonly session: Session;
  /** Attempts to start it go on, also where its session is over: then there will be another in its place. */
  readonly isStarting: boolean;
  /** Its link is lost and being made anew. */
  readonly isResuming: boolean;
  /** Resolves when calls can be sent; rejects with a SremoteError: then nothing has run. */
  readonly started: Promise<void>;
  /** For what calls wait meanwhile. */
  readonly waitsFor: string;
}

export class Sessions {
  readonly #connector: Connector;
  readonly #settings: StreamSettings;
  readonly #starter: SessionStarter;
  readonly #watchers: Watchers;
  readonly #closing = new AbortController();
  /** The last that was begun, by runtime. */
  readonly live: Map<Runtime, LiveSession> = new Map();
  /** Sessions that take no new calls and end when those they have are over. */
  readonly #retired = new Set<LiveSession>();

  /** @param locate what is known of the host's interpreter and directory */
  constructor(
    connector: Connector,
    host: HostSettings,
    settings: StreamSettings,
    locate: (runtime: Runtime) => Located,
    watchers: Watchers,
  ) {
    this.#connector = connector;
    this.#settings = settings;
    this.#watchers = watchers;
    this.#starter = new SessionStarter({ connector, host, workers: settings.workers, locate, signal: this.#closing.signal });
  }

  /** Begins a session for calls of this runtime. */
  start(runtime: Runtime): LiveSession {
    const live = this.#begun(runtime);
    this.live.set(runtime, live);
    return live;
  }

  #begun(runtime: Runtime): LiveSession {
    const options = {
      connector: this.#connector,
      token: randomBytes(16).toString("hex"),
      lease: this.#settings.lease,
      heartbeat: this.#settings.heartbeat,
      watch: this.#watch(runtime, (isResuming) => void (live.isResuming = isResuming)),
    };
    let session = new Session(options);
    const waitsFor = "the session on the host to start";
    const live = { session, isStarting: true, isResuming: false, started: Promise.resolve(), waitsFor };
    const next = (): Session => {
      // What was tried before has ended without a session on the host.
      if (session.isOver) live.session = session = new Session(options);
      live.waitsFor = waitsFor;
      return session;
    };
    const onWait = (reason: string): void => void (live.waitsFor = `${waitsFor}, which waits for ${reason}`);
    live.started = this.#begin(runtime, () => this.#starter.start(runtime, next, onWait)).finally(() => {
      live.isStarting = false;
    });
    live.started.catch(() => {
      if (this.live.get(runtime) === live) this.live.delete(runtime);
    });
    return live;
  }

  async #begin(runtime: Runtime, start: () => Promise<void>): Promise<void> {
    const [time, since] = [Date.now(), performance.now()];
    await start();
    this.#watchers.tell("connect", { host: this.#connector.label, runtime, time, duration: performance.now() - since });
  }

  /** @param setResuming called with whether its link is being made anew */
  #watch(runtime: Runtime, setResuming: (isResuming: boolean) => void): SessionWatch {
    const { label: host } = this.#connector;
    return {
      lost: (code, resumes) => {
        setResuming(resumes);
        this.#watchers.tell("disconnect", { host, runtime, time: Date.now(), code, resumes });
      },
      resumed: (duration) => {
        setResuming(false);
        this.#watchers.tell("reconnect", { host, runtime, time: Date.now() - duration, duration });
      },
    };
  }

  /** That of what stays on the host, also where calls of others go to another one by now. Undefined when it is over. */
  holding(held: HostSession): LiveSession | undefined {
    if (held.isOver) return undefined;
    for (const live of [...this.live.values(), ...this.#retired]) if (live.session === held) return live;
    return undefined;
  }

  /** How things stand with the session for calls of this runtime, in a word or two. */
  stateOf(runtime: Runtime): string {
    const live = this.live.get(runtime);
    if (live === undefined) return "not connected";
    if (live.isStarting) return "connecting";
    return live.session.isOver ? "not connected" : live.isResuming ? "reconnecting" : "connected";
  }

  /** Calls from now on get a new session: what is installed on the host, or where, has changed. */
  renew(): void {
    for (const live of this.live.values()) this.#retire(live);
    this.live.clear();
  }

  #retire(live: LiveSession): void {
    this.#retired.add(live);
    const forget = (): void => void this.#retired.delete(live);
    const end = (): void =>
      live.session.whenIdle(() => {
        forget();
        // It has nothing to do any more, and one that cannot say goodbye is ended by the host's lease.
        live.session.close().catch(() => undefined);
      });
    // Calls that wait for its start have no stream before, and get one in the turn of the loop in which it has started.
    live.started.then(() => void setImmediate(end), forget);
  }

  async close(): Promise<void> {
    const sessions = Array.from([...this.live.values(), ...this.#retired], ({ session }) => session);
    this.live.clear();
    // Calls whose session is still starting wait for nothing longer.
    this.#closing.abort(new SremoteError("closed", "the client was closed", { host: this.#connector.label }));
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** Waits for the session, unless the call is ended before. @throws SremoteError nothing has run then */
export async function untilStarted(live: LiveSession, call: Invocation): Promise<void> {
  call.waitsFor = () => live.waitsFor;
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  call.onEnding(() => reject(call.endedError(false)));
  await Promise.race([live.started, promise]);
}
