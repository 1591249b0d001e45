/* Calls over live sessions, one for each runtime: started when first needed, and anew when one has ended. */
import { randomBytes } from "node:crypto";
import { backOff, type Connector, pause } from "@sremote/connectors";
import {
  type Code,
  ConnectError,
  encodeSessionMessage,
  encodePacket,
  packetKinds,
  protocolVersion,
  RemoteNotSetupError,
  SremoteError,
} from "@sremote/protocol";
import type { Runtime } from "../call-options.ts";
import type { Watchers } from "../client-events.ts";
import { type Located, missingError, sessionCommand, sessionPayloadOf, silentError } from "../launch.ts";
import { newMarker, parseFacts } from "../marker-text.ts";
import { chooseInterpreter, probeHost } from "../probe.ts";
import type { HostSettings } from "../spool/spool-host.ts";
import { type LinkEnd, openLink } from "./link.ts";
import type { SessionWatch } from "./session-options.ts";
import { Session } from "./session.ts";

export interface StreamSettings {
  workers: number;
  /** Milliseconds. */
  lease: number;
  heartbeat: number;
}

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

/** Attempts to start a session over a link that breaks. Nothing runs before it has started, so each is safe. */
const attempts = 4;

const brokenLink = new Set<Code>(["connection-lost", "protocol-error"]);

export class StreamTransport {
  readonly #connector: Connector;
  readonly #host: HostSettings;
  readonly #settings: StreamSettings;
  readonly #locate: (runtime: Runtime) => Located;
  readonly #watchers: Watchers;
  readonly #closing = new AbortController();
  readonly #live = new Map<Runtime, LiveSession>();
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
    this.#host = host;
    this.#settings = settings;
    this.#locate = locate;
    this.#watchers = watchers;
  }

  /** The session for calls of this runtime, which may be starting still. */
  session(runtime: Runtime): LiveSession {
    const known = this.#live.get(runtime);
    if (known !== undefined && (known.isStarting || !known.session.isOver)) return known;
    const live = this.#start(runtime);
    this.#live.set(runtime, live);
    return live;
  }

  #start(runtime: Runtime): LiveSession {
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
    live.started = this.#attempts(runtime, next, onWait).finally(() => {
      live.isStarting = false;
    });
    live.started.catch(() => {
      if (this.#live.get(runtime) === live) this.#live.delete(runtime);
    });
    return live;
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

  /** How things stand with the session for calls of this runtime, in a word or two. */
  stateOf(runtime: Runtime): string {
    const live = this.#live.get(runtime);
    if (live === undefined) return "not connected";
    if (live.isStarting) return "connecting";
    return live.session.isOver ? "not connected" : live.isResuming ? "reconnecting" : "connected";
  }

  async #attempts(runtime: Runtime, next: () => Session, onWait: (reason: string) => void): Promise<void> {
    const [time, since] = [Date.now(), performance.now()];
    for (let attempt = 1; ; attempt++) {
      const session = next();
      try {
        await this.#launch(runtime, session, onWait);
        this.#watchers.tell("connect", { host: this.#connector.label, runtime, time, duration: performance.now() - since });
        return;
      } catch (thrown) {
        const error = SremoteError.from(thrown, "endpoint-broken", { stage: "deploy", host: this.#connector.label });
        session.fail(error);
        if (attempt === attempts || !(await this.#mayTryAgain(runtime, error, attempt))) throw error;
      }
    }
  }

  async #mayTryAgain(runtime: Runtime, error: SremoteError, attempt: number): Promise<boolean> {
    const known = this.#locate(runtime);
    if (error instanceof RemoteNotSetupError && error.code === "endpoint-broken" && attempt === 1 && this.#host[runtime] === undefined) {
      // The first name on PATH does not work (a version manager's stand-in, say): start every candidate and take one that does.
      const report = await probeHost(this.#connector, { base: known.base, runtime, signal: this.#closing.signal });
      known.interpreter = chooseInterpreter(report, runtime, this.#connector.label);
      return true;
    }
    if (!(error instanceof ConnectError) || !brokenLink.has(error.code)) return false;
    await pause(backOff(attempt, 200, 800, "none"), this.#closing.signal);
    return true;
  }

  async #launch(runtime: Runtime, session: Session, onWait: (reason: string) => void): Promise<void> {
    const marker = newMarker();
    const { base, interpreter } = this.#locate(runtime);
    const { token, lease, heartbeat } = session.options;
    const hello = encodeSessionMessage({
      type: "hello",
      protocol: protocolVersion,
      token,
      workers: this.#settings.workers,
      leaseMs: lease,
      heartbeatMs: heartbeat,
    });
    const link = await openLink({
      connector: this.#connector,
      command: sessionCommand({ marker, base, interpreter, runtime, demand: !this.#host.autoInstall }),
      marker,
      first: [sessionPayloadOf(runtime).bytes, ...encodePacket(packetKinds.hello, 0, [hello])],
      signal: this.#closing.signal,
      events: session.events,
      onWait,
    });
    session.begin(link);
    try {
      await session.ready;
    } catch (end) {
      throw this.#startError(end, runtime);
    }
  }

  /** Why a session did not start. */
  #startError(thrown: unknown, runtime: Runtime): unknown {
    const { error, link } = thrown as { error?: SremoteError; link?: LinkEnd };
    const options = { stage: "deploy", host: this.#connector.label };
    if (link?.missing !== undefined) {
      const facts = parseFacts(Buffer.from(link.missing).toString("utf8"));
      return missingError(facts.get("reason")?.[0] ?? "unknown", facts, runtime, options);
    }
    if (error !== undefined) return error;
    if (link === undefined) return thrown;
    return link.error ?? silentError(link, runtime, options);
  }

  /** Calls from now on get a new session: what is installed on the host, or where, has changed. */
  renew(): void {
    for (const live of this.#live.values()) void this.#retire(live);
    this.#live.clear();
  }

  async #retire(live: LiveSession): Promise<void> {
    this.#retired.add(live);
    try {
      // Calls that wait for its start have no stream before, and get one in the turn of the loop in which it has started.
      await live.started;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } catch {
      this.#retired.delete(live);
      return;
    }
    live.session.whenIdle(() => {
      this.#retired.delete(live);
      void live.session.close();
    });
  }

  async close(): Promise<void> {
    const sessions = Array.from([...this.#live.values(), ...this.#retired], ({ session }) => session);
    this.#live.clear();
    // Calls whose session is still starting wait for nothing longer.
    this.#closing.abort(new SremoteError("closed", "the client was closed", { host: this.#connector.label }));
    await Promise.all(sessions.map((session) => session.close()));
  }
}
