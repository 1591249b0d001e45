/* What connectors have in common that can start a process on a host and build everything else on that. */
import { SremoteError } from "@sremote/protocol";
import { checkCommand, checkOperationOptions, checkSpawnOptions } from "../argument.ts";
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
  SpawnOptions,
  TransferOptions,
} from "../connector.ts";
import { withDeadline } from "../deadline.ts";
import type { OwnOptions } from "../own-options.ts";
import { Lifetime } from "../lifetime.ts";
import { execOverProcess } from "./exec.ts";
import { pullOverProcess } from "./pull.ts";
import { pushOverProcess } from "./push.ts";
import type { StartOptions, StartProcess } from "./start.ts";

export abstract class ProcessConnector implements Connector {
  readonly label: string;
  readonly acceptsStdin = true;
  readonly announcesInput = true;
  protected readonly lifetime: Lifetime;

  constructor(label: string) {
    this.label = label;
    this.lifetime = new Lifetime(label);
  }

  /** As {@link StartProcess}. */
  protected abstract start(command: Command, options: StartOptions): Promise<SpawnedProcess>;
  /** Resolves when the host was reached and took the credentials. */
  protected abstract reach(options: OperationOptions): Promise<unknown>;
  /** The end of the message of {@link status}: whether a command would have to wait, and for what. */
  protected get occupation(): string {
    return "";
  }
  abstract close(): Promise<void>;

  exec(command: Command, options: ExecOptions = {}): Promise<ExecResult> {
    return this.#run(options, undefined, (own, start) => execOverProcess(start, command, own, this.label));
  }

  push(source: PushSource, remotePath: string, options: TransferOptions = {}): Promise<void> {
    return this.#run(options, "a push", (own, start) => pushOverProcess(start, source, remotePath, own, this.label));
  }

  pull(remotePath: string, sink: PullSink, options: TransferOptions = {}): Promise<void> {
    return this.#run(options, "a pull", (own, start) => pullOverProcess(start, remotePath, sink, own, this.label));
  }

  async spawn(command: Command, options: SpawnOptions = {}): Promise<SpawnedProcess> {
    checkCommand(command);
    checkSpawnOptions(options);
    const { pty, onWait, purpose } = options;
    return await this.#run(options, purpose, (own, start) =>
      withDeadline(own, { label: this.label, stage: "spawn" }, (signal) => start(command, { signal, pty, onWait })),
    );
  }

  async status(options: OperationOptions = {}): Promise<ConnectorStatus> {
    checkOperationOptions(options);
    try {
      await this.reach(options);
      return { ok: true, message: `${this.label} can be reached and takes the credentials${this.occupation}` };
    } catch (error) {
      if (!(error instanceof SremoteError) || error.code === "invalid-argument") throw error;
      return { ok: false, message: `${this.label}: ${error.message}`, error };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Its deadline tells what the start of its command waits for. */
  #run<O extends OperationOptions, T>(
    options: O,
    purpose: string | undefined,
    operation: (options: O & OwnOptions, start: StartProcess) => Promise<T>,
  ): Promise<T> {
    return this.lifetime.run(options, (own) => {
      let waitsFor: string | undefined;
      const start: StartProcess = async (command, more) => {
        const refused = new AbortController();
        // It is called from where the host's bytes are read: what it throws ends this start, and nothing else.
        const onWait = (reason: string): void => {
          waitsFor = reason;
          try {
            more.onWait?.(reason);
          } catch (error) {
            refused.abort(error);
          }
        };
        const signal = more.signal === undefined ? refused.signal : AbortSignal.any([more.signal, refused.signal]);
        try {
          return await this.start(command, { ...more, signal, purpose, onWait });
        } finally {
          waitsFor = undefined;
        }
      };
      return operation({ ...own, waitsFor: () => waitsFor }, start);
    });
  }
}
