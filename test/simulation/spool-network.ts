/* The network between clients and the host of a spool: a connector of three functions, and the weather that acts on it. */
import {
  type Command,
  type Connector,
  type ExecOptions,
  type ExecResult,
  type OperationOptions,
  type PullSink,
  type PushSource,
  type TransferOptions,
  withDeadline,
} from "@sremote/connectors";
import { ConnectError, SremoteError, TransferError } from "@sremote/protocol";
import type { EndpointProcess } from "./endpoint-process.ts";
import type { SpoolHost } from "./spool-host.ts";
import type { SimProcess } from "./virtual-clock.ts";

/** One operation on its way. */
interface Line {
  readonly name: string;
  readonly client: SimProcess;
  process: EndpointProcess | undefined;
  isCut: boolean;
  isAborted: boolean;
  lose(error: SremoteError): void;
}

/** What an operation does on the host, which answers or fails once. */
interface AtHost<T> {
  (line: Line, answer: (value: T) => void, fail: (error: SremoteError) => void): void;
}

const closed = (): SremoteError => new SremoteError("closed", "the connector was closed (simulated)");

export class SpoolNetwork {
  readonly host: SpoolHost;
  isDisturbed = false;
  isDamaged = false;
  /** A byte of the next request, or of the next answer, is changed. */
  #damage: "request" | "answer" | undefined;
  readonly #lines = new Set<Line>();
  readonly #delay: () => number;
  readonly #acceptsStdin: boolean;
  /** Whether the connector says when the input of a command leaves. */
  readonly #announces: boolean;
  /** A file system of the network shows some files late. */
  readonly #isLate: boolean;
  readonly #hidden = new Map<string, number>();
  /** Clients whose connector was closed. */
  readonly #closed = new Set<SimProcess>();
  #downUntil = 0;
  #count = 0;

  constructor(host: SpoolHost) {
    const { chance } = host;
    this.host = host;
    this.#acceptsStdin = chance.happens(0.6);
    this.#announces = this.#acceptsStdin && chance.happens(0.7);
    this.#isLate = chance.happens(0.2);
    const usual = chance.pick<[number, number]>([
      [0, 2],
      [20, 40],
      [5, 300],
    ]);
    this.#delay = () => chance.between(...usual);
  }

  get open(): number {
    return this.#lines.size;
  }

  connector(client: SimProcess): Connector {
    const close = async (): Promise<void> => {
      this.#closed.add(client);
      for (const line of this.#lines) {
        if (line.client !== client) continue;
        this.#hangUp(line);
        line.lose(closed());
      }
    };
    return {
      label: "sim://host",
      acceptsStdin: this.#acceptsStdin,
      announcesInput: this.#announces,
      exec: (command, options = {}) => this.#exec(client, command, options),
      push: (source, path, options = {}) => this.#push(client, source, path, options),
      pull: (path, sink, options = {}) => this.#pull(client, path, sink, options),
      status: async () => ({ ok: true, message: "simulated" }),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  async #exec(client: SimProcess, command: Command, options: ExecOptions): Promise<ExecResult> {
    const argv = command as readonly string[];
    const { stdin: given = [] } = options;
    const stdin = Buffer.concat(given instanceof Uint8Array ? [given] : given);
    const what = argv[0] === "rm" ? `rm of ${argv.length - 3}` : argv.at(-1) === "-" ? "call" : String(argv.at(-2)).slice(0, 30);
    const execute: AtHost<ExecResult> = (line, answer) => {
      line.process = this.host.execute(argv, this.#damaged("request", stdin), ({ exitCode, signal, stdout }) =>
        answer({ exitCode, signal, stdout: this.#damaged("answer", stdout), stderr: Buffer.alloc(0) }),
      );
    };
    const name = `exec: ${what}`;
    if (!this.#announces) return await this.#operation(client, name, options, execute);
    // The command has begun and waits for its input, which then is on its way for a while.
    return await this.#operation<ExecResult>(client, name, options, (line, answer, fail) => {
      const { clock } = this.host;
      clock.after(this.#delay(), client, () => {
        if (line.isCut || line.isAborted) return;
        options.onInput?.();
        clock.after(this.#delay(), undefined, () => {
          if (!line.isCut) execute(line, answer, fail);
        });
      });
    });
  }

  async #push(client: SimProcess, source: PushSource, path: string, options: TransferOptions): Promise<void> {
    const content = this.#damaged("request", Buffer.from(source as Uint8Array));
    await this.#operation<undefined>(client, "push", options, (_, answer, fail) => {
      const { files } = this.host;
      try {
        files.rmSync(path, { force: true });
        const fd = files.openSync(path, "wx");
        files.writeSync(fd, content);
        files.closeSync(fd);
        answer(undefined);
      } catch (error) {
        files.rmSync(path, { force: true });
        fail(
          new TransferError((error as { code?: string }).code === "ENOSPC" ? "disk-full" : "no-such-file", "push: it failed (simulated)"),
        );
      }
    });
  }

  async #pull(client: SimProcess, path: string, sink: PullSink, options: TransferOptions): Promise<void> {
    const content = await this.#operation<Buffer>(client, "pull", options, (_, answer, fail) => {
      const { files, chance, clock } = this.host;
      if (!files.existsSync(path)) return fail(new TransferError("no-such-file", "pull: no such file (simulated)"));
      if (this.#isLate && !this.#hidden.has(path)) this.#hidden.set(path, clock.now + chance.pick([0, 100, 5000, 60_000]));
      if (clock.now < (this.#hidden.get(path) ?? 0)) return fail(new TransferError("no-such-file", "pull: not to be seen yet (simulated)"));
      answer(this.#damaged("answer", files.readFileSync(path) as Buffer));
    });
    if ("write" in sink) await sink.write(content);
  }

  /** A copy, with one bit changed where that is due. */
  #damaged(where: "request" | "answer", bytes: Buffer): Buffer {
    if (this.#damage !== where || bytes.length === 0) return bytes;
    this.#damage = undefined;
    const copy = Buffer.from(bytes);
    // Not of the payload that may come first, which has a digest of its own and ends the start.
    const at = copy.length - 1 - this.host.chance.between(0, Math.min(copy.length, 300) - 1);
    copy[at]! ^= 1 << this.host.chance.between(0, 7);
    this.isDamaged = true;
    this.host.note(`a byte of the ${where} is damaged`);
    return copy;
  }

  #operation<T>(client: SimProcess, what: string, options: OperationOptions, atHost: AtHost<T>): Promise<T> {
    const { clock, chance } = this.host;
    return withDeadline(options, { label: "sim://host", stage: what.split(":")[0]! }, async (signal) => {
      if (this.#closed.has(client)) throw closed();
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const line: Line = {
        name: `line ${++this.#count} (${what})`,
        client,
        process: undefined,
        isCut: false,
        isAborted: false,
        lose: reject,
      };
      this.host.note(`${line.name} by ${client.name}`);
      this.#lines.add(line);
      const over = (settle: () => void): void => {
        if (line.isCut) return;
        clock.after(this.#delay(), client, () => {
          if (!line.isCut) settle();
        });
      };
      signal.addEventListener(
        "abort",
        () => {
          line.isAborted = true;
          this.#hangUp(line);
          reject(signal.reason);
        },
        { once: true },
      );
      clock.after(this.#delay() + chance.between(0, 20), undefined, () => {
        if (line.isCut || client.isGone) return;
        if (clock.now < this.#downUntil) {
          const error = new ConnectError("connect-refused", "the network is down (simulated)");
          clock.after(1, client, () => reject(error));
          return;
        }
        const answer = (value: T): void => over(() => resolve(value));
        atHost(line, answer, (error) => over(() => reject(error)));
      });
      return await promise.finally(() => this.#lines.delete(line));
    });
  }

  /** The connector ends what runs: SIGTERM, and a second later SIGKILL. */
  #hangUp(line: Line): void {
    const { clock, host } = { clock: this.host.clock, host: this.host };
    if (line.isCut) return;
    const end = (name: string) => (): void => {
      if (line.process !== undefined) host.signal(line.process, name);
    };
    const after = this.#delay();
    clock.after(after, undefined, end("SIGTERM"));
    clock.after(after + 1000, undefined, end("SIGKILL"));
  }

  /** Something happens to the network, or to the host. */
  readonly weather: Readonly<Record<string, () => void>> = {
    cut: () => {
      const lines = [...this.#lines].filter(({ isCut }) => !isCut);
      if (lines.length > 0) this.#cut(this.host.chance.pick(lines));
    },
    down: () => {
      const milliseconds = this.host.chance.pick([100, 1000, 20_000]);
      this.host.note(`the network is down for ${milliseconds} ms`);
      this.#downUntil = this.host.clock.now + milliseconds;
      for (const line of this.#lines) this.#cut(line);
    },
    damage: () => {
      this.#damage = this.host.chance.pick(["request", "answer"] as const);
    },
    "crash of an endpoint": () => this.host.crash(),
    "crash at a step": () => {
      this.host.crashes += this.host.chance.between(1, 2);
    },
    reboot: () => this.host.reboot(),
    "full disk": () => {
      const { clock, chance, files } = this.host;
      files.isFull = true;
      clock.after(chance.pick([50, 500, 5000]), undefined, () => {
        files.isFull = false;
      });
    },
    "removed endpoint": () => {
      this.host.isInstalled = false;
    },
  };

  strike(name: string): void {
    this.isDisturbed = true;
    this.weather[name]!();
  }

  #cut(line: Line): void {
    if (line.isCut) return;
    const { clock, chance } = this.host;
    line.isCut = true;
    const [client, host] = [chance.pick([0, 10, 1000, 20_000]), chance.pick([0, 10, 3000, 100_000])];
    this.host.note(`${line.name} is cut; the client notices after ${client} ms, the host after ${host} ms`);
    clock.after(client, line.client, () => line.lose(new ConnectError("connection-lost", "the link was cut (simulated)")));
    clock.after(host, undefined, () => {
      if (line.process !== undefined) line.process.isLeft = true;
    });
  }

  /** The client's process is gone. */
  abandon(client: SimProcess): void {
    for (const line of this.#lines) {
      if (line.client !== client) continue;
      this.#cut(line);
      this.#lines.delete(line);
    }
  }
}
