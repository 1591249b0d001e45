/* A connector of a dialect: everything that is the same for every REST service. */
import { SremoteError, checkObject, checkString } from "@sremote/protocol";
import {
  checkCommand,
  checkExecOptions,
  checkOperationOptions,
  checkRemotePath,
  checkSink,
  checkSource,
  checkTransferOptions,
} from "../argument.ts";
import type {
  Command,
  Connector,
  ConnectorStatus,
  ExecOptions,
  ExecResult,
  OperationOptions,
  PullSink,
  PushSource,
  SpawnedProcess,
  TransferOptions,
} from "../connector.ts";
import { withDeadline } from "../deadline.ts";
import { Lifetime } from "../lifetime.ts";
import { LiveProcesses } from "../live-processes.ts";
import { execOverProcess, pullOverProcess, pushOverProcess, type StartProcess } from "../process/index.ts";
import type { RestContext, RestDialect, ScriptDialect } from "./dialect.ts";
import { execDirectly } from "./direct.ts";
import { guardedDialect } from "./guarded-dialect.ts";
import { HttpClient } from "./http.ts";
import { execByScript, pullByScript, pushByScript } from "./operations.ts";
import { ScriptRunner } from "./script-runner.ts";
import { checkBaseUrl, checkRestOptions } from "./settings.ts";
import type { RestOptions } from "./settings.ts";

export interface RestConnectorOptions extends RestOptions {
  /** Where the service is: requests go below it, and nowhere else. */
  readonly baseUrl: string | URL;
  /** A UNIX socket on which the service listens; the host of `baseUrl` is then only a name. @default TCP */
  readonly socketPath?: string | undefined;
}

/**
 * Makes a connector of a {@link RestDialect}.
 *
 * A command is a script that is uploaded and run, and leaves its result in files with sizes and SHA-256; small results come back with the
 * reply that says it has ended. A request whose fate is unknown leads to a question, never to a second start.
 */
export class RestConnector implements Connector {
  readonly label: string;
  readonly acceptsStdin = true;
  readonly announcesInput = true;
  readonly spawn?: (command: Command, options?: OperationOptions) => Promise<SpawnedProcess>;
  readonly #dialect: RestDialect;
  readonly #http: HttpClient;
  /** How commands run: by scripts in files, or as live processes. */
  readonly #way: { readonly dialect: ScriptDialect; readonly runner: ScriptRunner } | { readonly start: StartProcess };
  readonly #lifetime: Lifetime;
  readonly #live = new LiveProcesses();
  #closing: Promise<void> | undefined;

  /** @throws InvalidArgumentError */
  constructor(given: RestDialect, options: RestConnectorOptions) {
    checkObject(given, "dialect");
    checkString(given.label, "dialect.label");
    const settings = checkRestOptions(options);
    const dialect = guardedDialect(given);
    this.label = dialect.label;
    this.#dialect = dialect;
    this.#http = new HttpClient({
      baseUrl: checkBaseUrl(options.baseUrl, options.insecureHttp === true || options.socketPath !== undefined),
      label: dialect.label,
      secrets: dialect.secrets?.(),
      authenticate: dialect.authenticate && ((http, signal) => dialect.authenticate!({ http, signal })),
      isStale: dialect.isStale && (() => dialect.isStale!()),
      check: dialect.check && ((reply, request, redact) => dialect.check!(reply, request, redact)),
      ca: options.ca,
      socketPath: options.socketPath,
      requestTimeout: options.requestTimeout,
    });
    this.#lifetime = new Lifetime(dialect.label);
    if ("spawn" in dialect) {
      const unending = new AbortController().signal;
      const start: StartProcess = (command, own) => dialect.spawn(command, own, { http: this.#http, signal: own.signal ?? unending });
      this.#way = { start };
      this.spawn = (command, own = {}) => this.#spawn(start, command, own);
    } else {
      this.#way = { dialect, runner: new ScriptRunner(dialect, this.#http, settings) };
    }
  }

  /** HTTP requests sent so far, repetitions and those for credentials included. */
  get requests(): number {
    return this.#http.requests;
  }

  exec(command: Command, options: ExecOptions = {}): Promise<ExecResult> {
    return this.#lifetime.run(options, async (own) => {
      checkCommand(command);
      checkExecOptions(own);
      const way = this.#way;
      if ("start" in way) return execOverProcess(way.start, command, own, this.label);
      return withDeadline(own, { label: this.label, stage: "exec" }, async (signal) => {
        if (way.dialect.execDirect !== undefined) return execDirectly(way.dialect, command, own, { http: this.#http, signal });
        return execByScript(way.runner, command, own, signal);
      });
    });
  }

  push(source: PushSource, remotePath: string, options: TransferOptions = {}): Promise<void> {
    return this.#lifetime.run(options, async (own) => {
      const way = this.#way;
      if ("start" in way) return pushOverProcess(way.start, source, remotePath, own, this.label);
      checkSource(source);
      checkRemotePath(remotePath);
      checkTransferOptions(own);
      return pushByScript(way.runner, source, remotePath, own, this.label);
    });
  }

  pull(remotePath: string, sink: PullSink, options: TransferOptions = {}): Promise<void> {
    return this.#lifetime.run(options, async (own) => {
      const way = this.#way;
      if ("start" in way) return pullOverProcess(way.start, remotePath, sink, own, this.label);
      checkRemotePath(remotePath);
      checkSink(sink);
      checkTransferOptions(own);
      return pullByScript(way.runner, remotePath, sink, own, this.label);
    });
  }

  async status(options: OperationOptions = {}): Promise<ConnectorStatus> {
    checkOperationOptions(options);
    try {
      return await this.#lifetime.run(options, (own) =>
        withDeadline(own, { label: this.label, stage: "status" }, async (signal) => {
          const message = await this.#ask({ http: this.#http, signal });
          return { ok: true, message };
        }),
      );
    } catch (thrown) {
      const error = SremoteError.from(thrown, "connect-failed", { stage: "status", host: this.label });
      return { ok: false, message: error.message, error };
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#lifetime.close();
    await this.#live.end();
    try {
      if ("runner" in this.#way) await this.#way.runner.close();
    } catch {
      // The host cannot be reached any more; the next connector to it sweeps.
    }
    await this.#dialect.close?.();
    await this.#http.close();
  }

  /** Whether the host is there, and how one knows. */
  async #ask(context: RestContext): Promise<string> {
    if (this.#dialect.status !== undefined) return this.#dialect.status(context);
    const way = this.#way;
    if ("start" in way) await execOverProcess(way.start, ["true"], { signal: context.signal }, this.label);
    else await way.dialect.home(context);
    return "the service answered";
  }

  async #spawn(start: StartProcess, command: Command, options: OperationOptions): Promise<SpawnedProcess> {
    return this.#lifetime.run(options, async (own) => {
      checkCommand(command);
      return this.#live.add(await withDeadline(own, { label: this.label, stage: "spawn" }, (signal) => start(command, { signal })));
    });
  }
}
