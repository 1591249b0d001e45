/* Starts a session on the host: over a link that breaks, and with an interpreter that has to be looked for, again. */
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
import type { Runtime } from "../call/options.ts";
import { type Located, missingError, sessionCommand, sessionPayloadOf, silentError } from "../host/launch.ts";
import { newMarker, parseFacts } from "../host/marker.ts";
import { chooseInterpreter, probeHost } from "../host/probe.ts";
import type { HostSettings } from "../host/settings.ts";
import { type LinkEnd, openLink } from "./link.ts";
import type { Session } from "./session.ts";

/** Attempts to start a session over a link that breaks. Nothing runs before it has started, so each is safe. */
const attempts = 4;

const brokenLink = new Set<Code>(["connection-lost", "protocol-error"]);

interface StarterSettings {
  readonly connector: Connector;
  readonly host: HostSettings;
  readonly workers: number;
  /** Ends attempts. */
  readonly signal: AbortSignal;
  /** What is known of the host's interpreter and directory. */
  locate(runtime: Runtime): Located;
}

export class SessionStarter {
  readonly #settings: StarterSettings;

  constructor(settings: StarterSettings) {
    this.#settings = settings;
  }

  /**
   * @param next gives the session to be started, another one for each attempt
   * @throws SremoteError nothing has run then
   */
  async start(runtime: Runtime, next: () => Session, onWait: (reason: string) => void): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const session = next();
      try {
        await this.#launch(runtime, session, onWait);
        return;
      } catch (thrown) {
        const error = SremoteError.from(thrown, "endpoint-broken", { stage: "deploy", host: this.#settings.connector.label });
        session.fail(error);
        if (attempt === attempts || !(await this.#mayTryAgain(runtime, error, attempt))) throw error;
      }
    }
  }

  async #mayTryAgain(runtime: Runtime, error: SremoteError, attempt: number): Promise<boolean> {
    const known = this.#settings.locate(runtime);
    if (
      error instanceof RemoteNotSetupError &&
      error.code === "endpoint-broken" &&
      attempt === 1 &&
      this.#settings.host[runtime] === undefined
    ) {
      // The first name on PATH does not work (a version manager's stand-in, say): start every candidate and take one that does.
      const report = await probeHost(this.#settings.connector, { base: known.base, runtime, signal: this.#settings.signal });
      known.interpreter = chooseInterpreter(report, runtime, this.#settings.connector.label);
      return true;
    }
    if (!(error instanceof ConnectError) || !brokenLink.has(error.code)) return false;
    await pause(backOff(attempt, 200, 800, "none"), this.#settings.signal);
    return true;
  }

  async #launch(runtime: Runtime, session: Session, onWait: (reason: string) => void): Promise<void> {
    const marker = newMarker();
    const { base, interpreter } = this.#settings.locate(runtime);
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
      connector: this.#settings.connector,
      command: sessionCommand({ marker, base, interpreter, runtime, demand: !this.#settings.host.autoInstall }),
      marker,
      first: [sessionPayloadOf(runtime).bytes, ...encodePacket(packetKinds.hello, 0, [hello])],
      signal: this.#settings.signal,
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
    const options = { stage: "deploy", host: this.#settings.connector.label };
    if (link?.missing !== undefined) {
      const facts = parseFacts(Buffer.from(link.missing).toString("utf8"));
      return missingError(facts.get("reason")?.[0] ?? "unknown", facts, runtime, options);
    }
    if (error !== undefined) return error;
    if (link === undefined) return thrown;
    return link.error ?? silentError(link, runtime, options);
  }
}
