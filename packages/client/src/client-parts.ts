/* What a client is made of: the transports, what they share, and what stands on them. */
import { crc32 } from "node:zlib";
import { type Connector, settledWithin } from "@sremote/connectors";
import { SremoteError, useCrc32 } from "@sremote/protocol";
import { type CallSettings, HostEnvironment } from "./call/environment.ts";
import type { Runtime } from "./call/options.ts";
import { defaultSerializer, type Serializer } from "./call/serializer.ts";
import { callSite } from "./call/site.ts";
import { Calls } from "./calls.ts";
import { type RemoteClientOptions, sessionDefaults, streamSettings } from "./client-options.ts";
import { ClientCode } from "./code/client-code.ts";
import { HostCode } from "./code/host-code.ts";
import { Scripts } from "./code/script.ts";
import { codeSender } from "./code/send-code.ts";
import { Watchers } from "./events/watchers.ts";
import type { Located } from "./host/launch.ts";
import { hostPath, type Locations } from "./host/locations.ts";
import type { HostSettings } from "./host/settings.ts";
import type { InterpreterHost } from "./interpreter/interpreter.ts";
import { Interpreters } from "./interpreter/interpreters.ts";
import type { MapHost } from "./map/index.ts";
import { SessionTransport } from "./session/session-transport.ts";
import { Sessions } from "./session/sessions.ts";
import { Spool } from "./spool/spool.ts";
import { SpoolTransport } from "./spool/spool-transport.ts";

/** Milliseconds for emptying the host's spool when the client closes; what is left then, the host sweeps. */
const flushTimeout = 3000;
/** Milliseconds that a connector has to close: those of ours end processes and connections in less. */
const closeTimeout = 20_000;

export class ClientParts {
  readonly connector: Connector;
  readonly runtime: Runtime;
  readonly locations: Locations = { sremoteDir: undefined, tmpDir: undefined, pwdDir: undefined };
  readonly watchers: Watchers = new Watchers();
  readonly environment: HostEnvironment = new HostEnvironment();
  /** Modules that must be there, with their versions. */
  readonly modules: Map<Runtime, Map<string, string | null>> = new Map();
  readonly spool: Spool;
  /** Undefined where calls always go over files. */
  readonly sessions: Sessions | undefined;
  readonly calls: Calls;
  readonly interpreters: Interpreters;
  readonly scripts: Scripts;
  readonly snippets: InterpreterHost;
  readonly maps: MapHost;
  serializer: Serializer;
  readonly #settings: HostSettings;
  readonly #hostCode: HostCode;
  /** Made when something is shipped. */
  #code: ClientCode | undefined;
  #closed: Promise<void> | undefined;

  /** @throws InvalidArgumentError for a path that cannot be one */
  constructor(connector: Connector, options: RemoteClientOptions) {
    useCrc32(crc32); // ten times as fast as the portable one
    this.connector = connector;
    this.runtime = options.runtime ?? "python";
    this.serializer = options.serializer ?? defaultSerializer;
    this.#settings = { sremoteDir: undefined, python: options.python, node: options.node, autoInstall: options.autoInstall ?? true };
    this.spool = new Spool(connector, this.#settings);
    if ((options.transport ?? "auto") === "auto" && connector.spawn !== undefined) {
      const locate = (runtime: Runtime): Located => this.spool.located(runtime);
      this.sessions = new Sessions(connector, this.#settings, streamSettings(options), locate, this.watchers);
    }
    const settings: CallSettings = { environment: this.environment, locations: this.locations };
    const spooled = new SpoolTransport(this.spool, settings);
    const checkOpen = (): void => this.checkOpen();
    this.#hostCode = new HostCode(connector.label, codeSender(connector, this.sessions, this.spool, checkOpen));
    this.calls = new Calls({
      host: connector.label,
      runtime: this.runtime,
      modules: this.modules,
      watchers: this.watchers,
      transports: this.sessions === undefined ? [spooled] : [new SessionTransport(this.sessions, settings, checkOpen), spooled],
      code: () => this.#code,
      serializer: () => this.serializer,
      checkOpen,
    });
    this.snippets = {
      label: connector.label,
      call: (module, fn, args, own, purpose) => this.calls.call(module, fn, args, own, { site: callSite(), purpose }),
    };
    this.scripts = new Scripts(
      () => this.shipped,
      (...what) => this.snippets.call(...what),
    );
    this.interpreters = new Interpreters(this.snippets, this.runtime, this.sessions !== undefined);
    this.maps = {
      host: connector.label,
      width: this.sessions === undefined ? undefined : 2 * (options.workers ?? sessionDefaults.workers),
      localize: (failure) => this.calls.localize(failure),
      freezeCode: () => this.#code?.freeze() ?? ((make) => make()),
      call: (...what) => this.calls.items(...what),
    };
    const { sremoteDir, tmpDir, pwdDir } = options;
    if (sremoteDir !== undefined) this.moveTo((this.locations.sremoteDir = hostPath("options.sremoteDir", sremoteDir)));
    if (tmpDir !== undefined) this.locations.tmpDir = hostPath("options.tmpDir", tmpDir);
    if (pwdDir !== undefined) this.locations.pwdDir = hostPath("options.pwdDir", pwdDir);
  }

  /** The code that calls import, made when it is first asked for. */
  get shipped(): ClientCode {
    return (this.#code ??= new ClientCode(this.#hostCode));
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** @throws SremoteError `closed` */
  checkOpen(): void {
    if (this.#closed !== undefined) throw new SremoteError("closed", "the client was closed", { host: this.connector.label });
  }

  /** Only processes that start after an installation see it. */
  async changing<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.sessions?.renew();
    }
  }

  /** The base directory on the host is another one now. */
  moveTo(sremoteDir: string | undefined): void {
    this.#settings.sremoteDir = sremoteDir;
    this.spool.forget();
    this.#hostCode.clear();
    this.sessions?.renew();
  }

  /** @throws SremoteError `timeout` */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await this.sessions?.close();
    await settledWithin(this.spool.releases.flush(), flushTimeout);
    const closing = this.connector.close();
    if (await settledWithin(closing, closeTimeout)) return await closing;
    throw new SremoteError("timeout", `the connector did not end its connections within ${closeTimeout} ms`, {
      stage: "close",
      host: this.connector.label,
    });
  }
}
