/* What a session gives to its workers: the program, their environments, pipes, and who watches over them. */
import { uniqueSuffix } from "../host/lazy.ts";
import { countOomKills } from "../host/memory.ts";
import { callEnvironment } from "../run/environment.ts";
import { removeBegun } from "../run/begun.ts";
import { endStrays } from "../run/strays.ts";
import type { Call, ParsedRoute } from "./call.ts";
import type { WorkerContext } from "./worker-context.ts";
import type { PrivatePlace } from "./private-place.ts";
import { bootScript } from "./boot.ts";
import { Watcher } from "./watcher.ts";
import { PipeMaker } from "./worker-pipes.ts";

/** How old the kernel's count may be that a death is held against, in milliseconds. */
const countAge = 1000;

/** What only the session itself can do. */
export type Sending = Pick<WorkerContext, "relay" | "sendTotals" | "sendResult" | "onTaken" | "onHanded">;

export class SessionContext implements WorkerContext {
  readonly watcher: Watcher;
  readonly pipes: PipeMaker;
  readonly program: Uint8Array;
  readonly relay: WorkerContext["relay"];
  readonly sendTotals: WorkerContext["sendTotals"];
  readonly sendResult: WorkerContext["sendResult"];
  readonly onHanded: WorkerContext["onHanded"];
  readonly #onTaken: WorkerContext["onTaken"];
  readonly #base: string;
  readonly #umask: number;
  readonly #mark: string = uniqueSuffix();
  /** Login environments, which take long to ask for and do not change. */
  readonly #environments: Map<string, Promise<NodeJS.ProcessEnv>> = new Map();
  #oomKills: number | undefined = countOomKills();
  #countedAt = performance.now();

  constructor(program: { place: PrivatePlace; base: string; source: string; umask: number }, sending: Sending) {
    const { place } = program;
    this.watcher = new Watcher(place.directory);
    this.pipes = new PipeMaker(place, this.watcher);
    this.#base = program.base;
    this.#umask = program.umask;
    const source = Buffer.from(program.source, "latin1");
    this.program = Buffer.concat([Buffer.from(String(source.length).padStart(10, "0")), source]);
    this.relay = sending.relay;
    this.sendTotals = sending.sendTotals;
    this.sendResult = sending.sendResult;
    this.onHanded = sending.onHanded;
    this.#onTaken = sending.onTaken;
  }

  workerMark(number: number): string {
    return `${this.#mark}.${number}`;
  }

  /** All workers are killed: what left their groups is too. */
  endStrays(): void {
    endStrays(`${this.#mark}.`);
    removeBegun(`${this.#mark}.`);
  }

  workerArguments(number: number): string[] {
    return ["-e", bootScript, "--", String(number), this.#base, String(this.#umask)];
  }

  environment({ route, environment }: ParsedRoute): Promise<NodeJS.ProcessEnv> {
    if (route.loginEnv !== true) return callEnvironment(route, this.#base);
    let made = this.#environments.get(environment);
    if (made === undefined) {
      made = callEnvironment(route, this.#base);
      this.#environments.set(environment, made);
      made.catch(() => this.#environments.delete(environment)); // The next call may have more luck.
    }
    return made;
  }

  onTaken(call: Call): void {
    this.#onTaken(call);
    if (performance.now() - this.#countedAt < countAge) return;
    this.#countedAt = performance.now();
    this.#oomKills = countOomKills();
  }

  oomKills(): number | undefined {
    const before = this.#oomKills;
    this.#oomKills = countOomKills();
    return before;
  }
}
