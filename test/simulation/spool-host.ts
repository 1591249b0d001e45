/* The host of calls over files: its files, its processes, and the commands that a client executes there. */
import { payloadOf } from "../../packages/client/src/host/launch.ts";
import { crash } from "../../packages/endpoint/node/crash.ts";
import { call } from "../../packages/endpoint/node/spool/call.ts";
import { describeEnd } from "../../packages/endpoint/node/exit-status.ts";
import { script } from "@sremote/endpoint";
import { EndpointProcess, ProcessIsGone } from "./endpoint-process.ts";
import { Ledger } from "./ledger.ts";
import { MemoryFiles } from "./memory-files.ts";
import { present } from "./present.ts";
import type { Surroundings } from "./pipe.ts";
import { running, SimProcess } from "./virtual-clock.ts";

export const base = "/sim/home/.sremote";

/** What a command came to. */
export interface Ended {
  exitCode: number | null;
  signal: string | null;
  stdout: Buffer;
}

const steps = ["read", "directory", "digest", "reserve", "claim", "started", "ended", "stored", "delivered"];

export class SpoolHost implements Surroundings {
  readonly clock: Surroundings["clock"];
  readonly chance: Surroundings["chance"];
  readonly note: (text: string) => void;
  readonly ledger = new Ledger();
  readonly files: MemoryFiles;
  readonly payload = payloadOf("node").sha256;
  /** The endpoint is installed. */
  isInstalled = false;
  /** Endpoints that start are killed after one of their steps, so often. */
  crashes = 0;
  readonly #endpoints = new Set<EndpointProcess>();
  readonly #functions = new Map<SimProcess, () => void>();
  #boot = 1;
  #pids = 100;

  constructor(around: Surroundings, note: (text: string) => void) {
    this.clock = around.clock;
    this.chance = around.chance;
    this.note = note;
    this.files = new MemoryFiles(() => 1_767_225_600_000 + this.clock.now);
    present.spool = this;
  }

  get processes(): string[] {
    return [...this.#endpoints, ...this.#functions.keys()].map(({ name }) => name);
  }

  identityOf(process: EndpointProcess | undefined): string | undefined {
    return process === undefined ? undefined : `${process.pid} ${process.pid} boot-${this.#boot} ns`;
  }

  isRunning(identity: string): boolean {
    return [...this.#endpoints].some((each) => this.identityOf(each) === identity);
  }

  startFunction(): SimProcess {
    const process = new SimProcess(`function ${++this.#pids}`);
    this.#functions.set(process, () => undefined);
    return process;
  }

  onFunctionEnd(process: SimProcess, act: () => void): void {
    const endpoint = running.getStore();
    if (this.#functions.has(process)) this.#functions.set(process, () => running.run(endpoint, act));
    else act();
  }

  /** A function's process ends. */
  end(process: SimProcess): void {
    const tell = this.#functions.get(process);
    if (tell === undefined) return;
    this.#functions.delete(process);
    this.clock.forget(process);
    tell();
  }

  /** Executes a command. @returns the process, where there is one that lasts */
  execute(argv: readonly string[], stdin: Buffer, onEnd: (ended: Ended) => void): EndpointProcess | undefined {
    const done = (stdout = ""): undefined => {
      onEnd({ exitCode: 0, signal: null, stdout: Buffer.from(stdout) });
    };
    if (argv[0] === "rm") {
      for (const path of argv.slice(3)) this.files.rmSync(path, { recursive: true, force: true });
      return done();
    }
    if (argv[2] === script("probe.sh")) return done(this.#probe(argv.slice(4)));
    if (argv[2] !== script("launch.sh")) {
      this.isInstalled = true;
      this.files.rmSync(argv[5]!, { force: true });
      return done();
    }
    const [mode, a, b, , , , , , size] = argv.slice(4);
    if (mode === "stage") this.isInstalled = true;
    else if (!this.isInstalled) return done(`${b}${a}N\nreason=endpoint\nhome=/sim/home\npath=/bin\n`);
    const endpoint = argv.slice(13);
    const own = stdin.subarray(mode === "stage" ? Number(size) : 0);
    if (endpoint[1] === "--marker") return this.#start(own, "-", { path: "-", marker: [endpoint[2]!, endpoint[3]!] }, onEnd);
    return this.#start(own, endpoint[1]!, { path: endpoint[2]!, marker: undefined }, onEnd);
  }

  #probe([a, b, , , prepare]: readonly string[]): string {
    const facts = `${b}${a}\nnode=24.0.0 /usr/bin/node\n`;
    try {
      for (const path of prepare === "yes" ? [base, `${base}/tmp`, `${base}/calls`] : [])
        if (!this.files.existsSync(path)) this.files.mkdirSync(path, 0o700);
    } catch {
      return `${facts}rejected=${base} (no space)\nend=yes\n`;
    }
    return `${facts}base=${base}\ninstalled=${this.isInstalled ? "yes" : "no"}\nend=yes\n`;
  }

  #start(
    stdin: Buffer,
    request: string,
    destination: Parameters<typeof call>[0]["destination"],
    onEnd: (ended: Ended) => void,
  ): EndpointProcess {
    const process = new EndpointProcess(++this.#pids, stdin, (ending) => onEnd({ ...ending, stdout: Buffer.concat(process.stdout) }));
    this.#endpoints.add(process);
    if (this.crashes > 0) {
      this.crashes--;
      process.crashAt = this.chance.pick(steps);
    }
    this.clock.after(this.chance.between(5, 80), process, () => {
      this.note(`${process.name} starts`);
      this.#call(process, request, destination).catch(crash);
    });
    return process;
  }

  /** As main.ts. */
  async #call(process: EndpointProcess, request: string, destination: Parameters<typeof call>[0]["destination"]): Promise<void> {
    let status = 0;
    try {
      const onStep = (step: string): void => {
        if (process.crashAt !== step) return;
        this.note(`${process.name} is killed at its step ${step}`);
        this.kill(process);
        throw new ProcessIsGone();
      };
      await call({ base, request, destination, umask: 0o022, onStep });
    } catch (error) {
      if (process.isGone) return;
      [, status] = describeEnd(error);
    }
    if (process.isGone) return;
    this.note(`${process.name} ends with ${status}`);
    this.#gone(process, { exitCode: status, signal: null });
  }

  #gone(process: EndpointProcess, ending: { exitCode: number | null; signal: string | null }): void {
    this.#endpoints.delete(process);
    this.clock.forget(process);
    process.onEnd(ending);
  }

  /** SIGKILL. */
  kill(process: EndpointProcess): void {
    if (!process.isGone) this.#gone(process, { exitCode: null, signal: "SIGKILL" });
  }

  signal(process: EndpointProcess, name: string): void {
    if (process.isGone) return;
    const handler = process.handlers.get(name);
    if (name === "SIGKILL" || handler === undefined) this.#gone(process, { exitCode: null, signal: name });
    else running.run(process, handler);
  }

  /** One endpoint is killed, if there is one. */
  crash(): void {
    const endpoints = [...this.#endpoints];
    if (endpoints.length > 0) this.kill(this.chance.pick(endpoints));
  }

  /** The host starts anew: nothing of what ran is there. */
  reboot(): void {
    this.#boot++;
    for (const process of this.#functions.keys()) {
      this.#functions.set(process, () => undefined);
      this.end(process);
    }
    for (const process of this.#endpoints) this.kill(process);
  }
}
