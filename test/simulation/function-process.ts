/* In the place of supervise.ts: the function's process. It outlives an endpoint that is killed, as the real one does. */
import { Attachments, decodeFrame, decodeMessage, decodeValue, encodeValue, type Failure, SremoteError } from "@sremote/protocol";
import { watchAudience } from "../../packages/endpoint/node/spool/audience.ts";
import type { Ending, RunOptions } from "../../packages/endpoint/node/spool/supervise.ts";
import { functions } from "./functions.ts";
import { presentSpool } from "./present.ts";
import { running, SimProcess } from "./virtual-clock.ts";

type Answer = NonNullable<Ending["answer"]>;
type Stop = NonNullable<Ending["stopped"]>;

export class FunctionProcess {
  readonly #process: SimProcess;
  readonly #started = performance.now();

  constructor() {
    const host = presentSpool();
    if (host.chance.happens(0.01)) throw new SremoteError("endpoint-broken", "no process can be started (simulated)", { stage: "setup" });
    this.#process = host.startFunction();
  }

  async abandon(): Promise<void> {
    presentSpool().end(this.#process);
    await later(presentSpool().chance.between(0, 5));
  }

  async run(request: Uint8Array, { directory, timeoutMs, signal }: RunOptions): Promise<Ending> {
    const host = presentSpool();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const ending: Ending = { ...nothing(), answer: undefined, begun: false, exitCode: null, signal: null, stopped: undefined, wallMs: 0 };
    host.onFunctionEnd(this.#process, end);
    running.run(this.#process, () => void this.#perform(request, ending, end));
    const stop = (why: Stop): void => {
      if (ending.answer !== undefined || ending.stopped !== undefined) return;
      ending.stopped = why;
      // An interrupt, and a second later SIGKILL.
      setTimeout(
        () => {
          ending.signal = "SIGKILL";
          host.end(this.#process);
        },
        host.chance.pick([1, 20, 400, why === "cancelled" ? 780 : 1000]),
      );
    };
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => stop("timeout"), Math.max(0, timeoutMs - (performance.now() - this.#started)));
    signal.addEventListener("abort", () => stop("cancelled"), { once: true });
    if (signal.aborted) stop("cancelled");
    const stopLooking = watchAudience(directory, () => stop("left"));
    await ended;
    clearTimeout(timer);
    stopLooking();
    host.end(this.#process);
    ending.wallMs = performance.now() - this.#started;
    // For what is left of its group.
    await later(host.chance.between(0, 20));
    return ending;
  }

  async #perform(request: Uint8Array, ending: Ending, end: () => void): Promise<void> {
    const host = presentSpool();
    const decoded = decodeFrame(request);
    const { message } = decodeMessage(decoded);
    if (message.type !== "call") throw new Error("no call");
    await later(host.chance.between(1, 60));
    ending.begun = true;
    const parts: Uint8Array[] = [];
    const header = { type: "answer", cpuMs: 0, maxRssBytes: 0 } as const;
    let answer: Answer;
    try {
      const args = decodeValue(message.args, new Attachments(decoded.attachments), { root: "args" }) as unknown[];
      const exit = (status: number): void => {
        ending.exitCode = status;
        end();
      };
      const place = { ledger: host.ledger, process: this.#process, exit, print: () => undefined };
      const value = await functions[message.function]!(args, place);
      const text = Buffer.from(JSON.stringify(encodeValue(value, "return", parts)));
      answer = { header: { ...header, outcome: "value" }, value: text, attachments: parts };
    } catch (error) {
      const failure: Failure = { code: "raised", stage: "call", message: (error as Error).message };
      answer = { header: { ...header, outcome: "raised", error: failure }, value: undefined, attachments: [] };
    }
    // What a process says that is to end is not heard.
    if (ending.stopped === undefined) ending.answer = answer;
    ending.exitCode = 0;
    end();
  }
}

/** It prints nothing. */
function nothing(): Pick<Ending, "stdout" | "stderr"> {
  const output = { bytes: 0, kept: 0, truncated: false, tail: Buffer.alloc(0), contents: () => Buffer.alloc(0) };
  const part = output as unknown as Ending["stdout"];
  return { stdout: part, stderr: part };
}

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
