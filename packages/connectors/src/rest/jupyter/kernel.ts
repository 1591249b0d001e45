/* The one kernel of a connector: made when first needed, found again after a lost link, replaced when it died, deleted at the end. */
import { randomBytes, randomUUID } from "node:crypto";
import { ConnectError, ProtocolError, SremoteError } from "@sremote/protocol";
import { orAborted, settledWithin } from "../../deadline.ts";
import type { RestContext } from "../dialect.ts";
import { json } from "../encode.ts";
import type { HttpClient } from "../http.ts";
import { backOff, pause } from "../../back-off.ts";
import { readAnswer } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { KernelChannel, KernelDied, NameUnknown } from "./channel.ts";
import { install, isThere } from "./program.ts";
import { kernelSpec, sessionPrefix, sweep } from "./sessions.ts";

/** Milliseconds: for the start of a kernel, for an answer of one, for the last words at the end. */
const startTimeout = 120_000;
const answerTimeout = 60_000;
const endTimeout = 10_000;
/** A link that was lost is looked for this many times, and for about so many milliseconds. */
const attempts = 5;
const patience = 3000;

/** A kernel with the program in it. A kernel that was restarted is another one. */
interface Live {
  readonly name: string;
  readonly channel: KernelChannel;
}

interface Session {
  readonly id: string;
  readonly kernel: string;
  name: string;
}

/** One command's kernel: its requests go to no other. */
export interface Pin {
  name?: string | undefined;
}

export class Kernel {
  readonly #label: string;
  readonly #spec: string | undefined;
  readonly #client: string = randomUUID();
  #session: Session | undefined;
  #live: Promise<Live> | undefined;
  /** Gives up the kernel that is being made; undefined while none is. */
  #giveUp: (() => void) | undefined;
  #http: HttpClient | undefined;
  /** Programs whose kernel died, their commands perhaps not. */
  readonly #lost = new Set<string>();
  /** Commands that the kernel may forget. */
  readonly #dropped = new Set<string>();
  readonly #waiters = new Map<string, () => void>();

  constructor(label: string, spec: string | undefined) {
    this.#label = label;
    this.#spec = spec;
  }

  /** Sends a request to the program. It may be sent several times, but to one kernel only once anything may have been done. */
  async call(verb: string, fields: Readonly<Record<string, unknown>>, context: RestContext, pin: Pin = {}): Promise<Answer> {
    const { http, signal } = context;
    let first: SremoteError | undefined;
    let since = 0;
    for (let attempt = 1; ; attempt += 1) {
      let live: Live | undefined;
      let sent = false;
      try {
        live = await orAborted(this.#get(http), signal);
        // What happened while nothing was asked for concerns no command that is yet to come.
        if (live.channel.ended !== undefined) throw live.channel.ended;
        if (pin.name !== undefined && pin.name !== live.name) throw this.#died();
        sent = true;
        const drop = [...this.#dropped];
        const request = JSON.stringify({ do: verb, drop, ...fields });
        const patient = AbortSignal.any([signal, AbortSignal.timeout(answerTimeout)]);
        const answer = readAnswer(await live.channel.evaluate(`${live.name}(${JSON.stringify(request)})`, patient));
        if (answer === undefined) throw this.#error("connection-lost", "data from the kernel arrived damaged");
        for (const id of drop) this.#dropped.delete(id);
        pin.name = live.name;
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (!sent && live !== undefined && live.channel.ended === undefined) throw error;
        const isAbsent = error instanceof NameUnknown;
        const died = isAbsent || error instanceof KernelDied;
        if (live !== undefined) this.#forget(live, died, error instanceof KernelDied && !error.restarts);
        if (sent && !isAbsent) pin.name ??= live?.name;
        const problem = died ? this.#died() : asLost(error, this.#label);
        // Once anything may have been done, no other kernel will do; and that it cannot be reached at all is final unless it could be before.
        const mayBegin = pin.name === undefined && first === undefined;
        if (died && !mayBegin) throw problem;
        if (problem.code !== "connection-lost" && mayBegin) throw problem;
        since ||= performance.now();
        if (!isLink(problem) || attempt >= attempts || performance.now() - since > patience) throw first ?? problem;
        if (died) continue;
        first ??= problem.code === "connection-lost" ? problem : this.#error("connection-lost", problem.message);
        await pause(backOff(attempt, 200, 5000), signal);
      }
    }
  }

  /** Resolves when a command is said to have ended, when the link is lost, or after so many milliseconds. */
  async rest(id: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.set(id, resolve);
    try {
      await settledWithin(orAborted(promise, signal), milliseconds);
    } finally {
      this.#waiters.delete(id);
    }
    signal.throwIfAborted();
  }

  /** Ends a command if it runs, and forgets it, with the next request. */
  drop(id: string): void {
    this.#dropped.add(id);
  }

  async close(): Promise<void> {
    const http = this.#http;
    this.#giveUp?.();
    const known = await this.#live?.catch(() => undefined);
    if (http === undefined || this.#session === undefined) return;
    const context: RestContext = { http, signal: AbortSignal.timeout(endTimeout) };
    try {
      if (known !== undefined) await this.call("end", {}, context);
    } catch (error) {
      if (!(error instanceof SremoteError) && !context.signal.aborted) throw error;
      // A kernel that cannot be reached cannot be told. It ends its commands itself when it hears nothing.
    }
    this.#giveUp?.();
    const live = await this.#live?.catch(() => undefined);
    live?.channel.close();
    await this.#delete(this.#session, context).catch(leave);
  }

  #get(http: HttpClient): Promise<Live> {
    this.#http = http;
    if (this.#live === undefined) {
      // Many may wait for it; that one of them gives up does not end it.
      const control = new AbortController();
      const signal = AbortSignal.any([control.signal, AbortSignal.timeout(startTimeout)]);
      const making = this.#make({ http, signal }).finally(() => {
        this.#giveUp = undefined;
      });
      this.#live = making;
      this.#giveUp = () => control.abort(new SremoteError("closed", "the connector was closed", { host: this.#label }));
      making.catch(() => {
        if (this.#live === making) this.#live = undefined;
      });
    }
    return this.#live;
  }

  async #make(context: RestContext): Promise<Live> {
    const session = (await this.#found(context)) ?? (await this.#create(context));
    const { http, signal } = context;
    const link = await http.link({ path: `/api/kernels/${session.kernel}/channels`, query: { session_id: this.#client } }, signal);
    const wake = (id: string): void => this.#waiters.get(id)?.();
    const channel = await KernelChannel.open(
      link,
      {
        label: this.#label,
        session: this.#client,
        onEnded: wake,
        onClose: () => {
          for (const id of this.#waiters.keys()) wake(id);
        },
        onSend: () => void (http.requests += 1),
      },
      signal,
    );
    try {
      const isFresh = session.name === "";
      if (isFresh || (await channel.evaluate(isThere(session.name), signal)) !== "True") {
        if (!isFresh) this.#lost.add(session.name);
        session.name = `sremote_${randomBytes(8).toString("hex")}`;
        await channel.evaluate(install(session.name, [...this.#lost]), signal);
        this.#lost.clear();
      }
    } catch (error) {
      channel.close();
      throw error;
    }
    return { name: session.name, channel };
  }

  /** The session of before, if the server still has it. */
  async #found({ http, signal }: RestContext): Promise<Session | undefined> {
    const known = this.#session;
    if (known === undefined) return undefined;
    const reply = await http.send({ method: "GET", path: `/api/sessions/${known.id}`, accept: [404] }, signal);
    if (reply.status !== 404) return known;
    if (known.name !== "") this.#lost.add(known.name);
    this.#session = undefined;
    return undefined;
  }

  async #create(context: RestContext): Promise<Session> {
    const { http, signal } = context;
    const name = await kernelSpec(this.#spec, context, this.#label);
    await sweep(context);
    const path = `${sessionPrefix}${randomBytes(12).toString("hex")}`;
    // A session of this path is made once, however often it is asked for.
    const request = { method: "POST", path: "/api/sessions", idempotent: true } as const;
    const reply = await http.send({ ...request, ...json({ path, name: "sremote", type: "sremote", kernel: { name } }) }, signal);
    const { id, kernel } = reply.json() as { id?: unknown; kernel?: { id?: unknown } };
    if (typeof id !== "string" || typeof kernel?.id !== "string") throw new ProtocolError("protocol-error", "the reply has no kernel id");
    return (this.#session = { id: encodeURIComponent(id), kernel: encodeURIComponent(kernel.id), name: "" });
  }

  /** @param isGone whether the server does not start the kernel again */
  #forget(live: Live, died: boolean, isGone: boolean): void {
    live.channel.close();
    const session = this.#session;
    if (session?.name !== live.name) return;
    this.#live = undefined;
    if (!died) return;
    this.#lost.add(live.name);
    session.name = "";
    if (!isGone) return;
    this.#session = undefined;
    if (this.#http === undefined) return;
    this.#delete(session, { http: this.#http, signal: AbortSignal.timeout(endTimeout) }).catch(leave);
  }

  async #delete({ id }: Session, { http, signal }: RestContext): Promise<void> {
    await http.send({ method: "DELETE", path: `/api/sessions/${id}`, accept: [404, 410] }, signal);
  }

  #died(): ConnectError {
    return this.#error("connection-lost", "the kernel died or was restarted, so the outcome of the command is lost");
  }

  #error(code: "connection-lost", summary: string): ConnectError {
    return new ConnectError(code, summary, { stage: "kernel", host: this.#label });
  }
}

/** Of a session that cannot be deleted now: the next connector to that server sweeps it. */
const leave = (): void => undefined;

function isLink({ code }: SremoteError): boolean {
  return code === "connection-lost" || code.startsWith("connect-") || code === "name-not-found";
}

/** No answer in time is a lost link, too. */
function asLost(error: unknown, label: string): SremoteError {
  if (error instanceof SremoteError) return error;
  return new ConnectError("connection-lost", "the kernel does not answer", { stage: "kernel", host: label, cause: error });
}
