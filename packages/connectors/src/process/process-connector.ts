/* What connectors have in common that can start a process on a host and build everything else on that. */
import { SremoteError } from "@sremote/protocol";
import { checkCommand, checkSpawnOptions } from "../argument.ts";
import type {
  Command,
  Connector,
  ConnectorStatus,
  ExecOptions,
  ExecResult,
  OperationOptions,
  PullSink,
  PushSource,
  RemoteProcess,
  SpawnOptions,
  TransferOptions,
} from "../connector.ts";
import { withDeadline } from "../deadline.ts";
import { Lifetime } from "../lifetime.ts";
import { execOverProcess } from "./exec.ts";
import { pullOverProcess } from "./pull.ts";
import { pushOverProcess } from "./push.ts";

export abstract class ProcessConnector implements Connector {
  readonly label: string;
  readonly acceptsStdin = true;
  protected readonly lifetime: Lifetime;

  constructor(label: string) {
    this.label = label;
    this.lifetime = new Lifetime(label);
  }

  /** As {@link StartProcess}. */
  protected abstract start(command: Command, options: SpawnOptions): Promise<RemoteProcess>;
  /** Resolves when the host was reached and took the credentials. */
  protected abstract reach(options: OperationOptions): Promise<unknown>;
  abstract close(): Promise<void>;

  exec(command: Command, options: ExecOptions = {}): Promise<ExecResult> {
    return this.lifetime.run(options, (own) => execOverProcess(this.#start, command, own, this.label));
  }

  push(source: PushSource, remotePath: string, options: TransferOptions = {}): Promise<void> {
    return this.lifetime.run(options, (own) => pushOverProcess(this.#start, source, remotePath, own, this.label));
  }

  pull(remotePath: string, sink: PullSink, options: TransferOptions = {}): Promise<void> {
    return this.lifetime.run(options, (own) => pullOverProcess(this.#start, remotePath, sink, own, this.label));
  }

  async spawn(command: Command, options: SpawnOptions = {}): Promise<RemoteProcess> {
    checkCommand(command);
    checkSpawnOptions(options);
    const { pty, onWait } = options;
    return await this.lifetime.run(options, (own) =>
      withDeadline(own, { label: this.label, stage: "spawn" }, (signal) => this.start(command, { signal, pty, onWait })),
    );
  }

  async status(options: OperationOptions = {}): Promise<ConnectorStatus> {
    try {
      await this.reach(options);
      return { ok: true, message: `${this.label} can be reached and takes the credentials` };
    } catch (error) {
      if (!(error instanceof SremoteError) || error.code === "invalid-argument") throw error;
      return { ok: false, message: `${this.label}: ${error.summary}`, error };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #start = (command: Command, options: SpawnOptions): Promise<RemoteProcess> => this.start(command, options);
}
