/* A small client of sessions: speaks packets with the supervisor over pipes, loses its link and resumes. For tests of the endpoint alone. */
import { crash } from "../crash.ts";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import {
  Attachments,
  checkSessionMessage,
  decodeCount,
  decodeCredit,
  decodeSessionMessage,
  decodeValue,
  encodeCount,
  encodeCredit,
  encodeFrame,
  encodeOpen,
  encodePacket,
  encodeSessionMessage,
  encodeValue,
  FrameDecoder,
  isCounted,
  MarkerScanner,
  printedMarker,
  packetFlags,
  packetKinds,
  PacketReader,
  Receipt,
  Replay,
  sessionLimits,
  type ChallengeMessage,
  type HelloMessage,
  type InvokeMessage,
  type Packet,
  type ResultMessage,
  type Route,
  type WelcomeMessage,
} from "@sremote/protocol";
import { buildNodeSession } from "../../../../scripts/build-payload.ts";
import { prove } from "../session/proof.ts";
import { customDecode, customEncode, Kept, MalformedAnswer } from "./session-arguments.ts";

export { CallbackArgument, Kept, MalformedAnswer } from "./session-arguments.ts";

const resource = (name: string): string => readFileSync(new URL(`../../../../resources/${name}`, import.meta.url), "utf8");
const [markerA, markerB] = ["0123456789abcdef", "fedcba9876543210"];

let built: Promise<Uint8Array> | undefined;
/** The payload, made once for a test file. */
export function sessionPayload(): Promise<Uint8Array> {
  built ??= buildNodeSession().then(({ bytes }) => bytes);
  return built;
}

export interface StartOptions extends Partial<HelloMessage> {
  node?: string;
  base: string;
  /** Says nothing. */
  omitsHello?: boolean;
  env?: NodeJS.ProcessEnv;
}

export interface CallOptions extends Route, Partial<Pick<InvokeMessage, "returns" | "leaseMs" | "modules">> {
  kwargs?: Record<string, unknown>;
  keepUses?: number;
  /** Give no credit for output by itself. */
  holdsCredit?: boolean;
  /** The checksum of the request's frame is wrong. */
  isDamaged?: boolean;
  callbacks?: ((...args: unknown[]) => unknown)[];
}

export interface TestResult extends Omit<ResultMessage, "value"> {
  value: unknown;
  worker: number;
  flags: number;
}

export class TestCall {
  readonly stream: number;
  readonly result: Promise<TestResult>;
  readonly options: CallOptions;
  /** In the order in which they came: output, then the result. */
  readonly events: string[] = [];
  readonly output: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  totals: [number, number] | undefined;
  credited = 0;
  outstanding: Uint8Array[] = [];
  credit: number = sessionLimits.requestCredit;
  decoder: FrameDecoder = new FrameDecoder();
  resolve!: (result: TestResult) => void;

  constructor(stream: number, options: CallOptions) {
    this.stream = stream;
    this.options = options;
    this.result = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get stdout(): string {
    return Buffer.concat(this.output.stdout).toString();
  }
  get stderr(): string {
    return Buffer.concat(this.output.stderr).toString();
  }
}

/** The result of a call that was made before. */
export const resultOf = (call: TestCall): Kept => new Kept("result", { stream: call.stream });

export class TestSession {
  readonly token: string = randomBytes(16).toString("hex");
  readonly calls: Map<number, TestCall> = new Map();
  readonly replay: Replay = new Replay();
  readonly receipt: Receipt = new Receipt();
  readonly options: StartOptions;
  /** The supervisor. */
  readonly child: ChildProcess;
  readonly exited: Promise<number | string | null>;
  readonly welcomed: Promise<WelcomeMessage>;
  stderr = "";
  welcome: WelcomeMessage | undefined;
  /** Of the first link, or of an attach. */
  link: { input: Writable; output: Readable; child: ChildProcess } | undefined;
  /** What was received with no counted packet twice. */
  packets: Packet[] = [];
  bye: string | undefined;
  /** Answers to the supervisor's packets are not sent: no acks, no credit. */
  isSilent = false;
  /** Cut the link and come anew after so many counted packets, this often. */
  cutting: { every: number; times: number; done: number } | undefined;
  linkEnded: Promise<void> = Promise.resolve();
  #lastStream = 0;
  #onWelcome!: (message: WelcomeMessage) => void;
  #onResumed: (() => void) | undefined;
  #nonce = "";
  #beforeProof: (() => Promise<void>) | undefined;

  static async start(options: StartOptions): Promise<TestSession> {
    return new TestSession(options, await sessionPayload());
  }

  constructor(options: StartOptions, payload: Uint8Array) {
    this.options = options;
    const sha = createHash("sha256").update(payload).digest("hex");
    const node = options.node ?? process.execPath;
    const stage = ["-e", "eval(process.argv[1])", "--", resource("stage-session.cjs"), node, options.base, String(payload.length), sha];
    this.child = spawn(node, [...stage, markerA, markerB, "session"], { stdio: "pipe", env: options.env ?? process.env });
    this.child.stderr!.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = new Promise((resolve) => this.child.once("exit", (status, signal) => resolve(signal ?? status)));
    this.welcomed = new Promise((resolve) => {
      this.#onWelcome = resolve;
    });
    this.#use(this.child);
    this.child.stdin!.write(payload);
    const hello: HelloMessage = {
      type: "hello",
      protocol: options.protocol ?? 1,
      token: this.token,
      workers: options.workers ?? 1,
      leaseMs: options.leaseMs ?? 60_000,
      heartbeatMs: options.heartbeatMs ?? 0,
    };
    if (options.omitsHello !== true) this.sendUncounted(packetKinds.hello, encodeSessionMessage(hello));
  }

  #use(child: ChildProcess): void {
    const link = { input: child.stdin!, output: child.stdout!, child };
    this.link = link;
    link.input.on("error", () => link.input.destroy());
    const scanner = new MarkerScanner(printedMarker(markerA, markerB));
    const reader = new PacketReader();
    this.linkEnded = new Promise((resolve) => {
      link.output.once("close", resolve);
    });
    link.output.on("data", (chunk: Buffer) => {
      if (this.link !== link) return;
      const bytes = scanner.push(chunk);
      if (bytes === undefined) return;
      reader.push(bytes);
      for (let packet = reader.next(); packet !== undefined && this.link === link; packet = reader.next()) {
        this.#take(packet);
        if (isCounted(packet.kind)) this.#cutSometimes();
      }
    });
  }

  #cutSometimes(): void {
    const { cutting } = this;
    if (cutting === undefined || cutting.done === cutting.times || this.packets.length % cutting.every !== 0) return;
    cutting.done++;
    this.cut();
    this.resume().catch(crash);
  }

  /** Lets go of the link: what comes from it is not seen any more. */
  cut(): void {
    const { link } = this;
    this.link = undefined;
    link?.input.destroy();
    link?.output.destroy();
  }

  /** A new link by way of attach.cjs. Resolves when the supervisor has answered. */
  async resume({ beforeProof }: { beforeProof?: () => Promise<void> } = {}): Promise<ChildProcess> {
    this.#beforeProof = beforeProof;
    const { attach } = await this.welcomed;
    const argv = ["-e", "eval(process.argv[1])", "--", resource("attach.cjs"), attach, markerA, markerB];
    const child = spawn(this.options.node ?? process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] });
    this.#use(child);
    this.#nonce = randomBytes(32).toString("hex");
    this.sendUncounted(packetKinds.resume, encodeSessionMessage({ type: "resume", nonce: this.#nonce }));
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#onResumed = resolve;
      }),
      this.linkEnded,
    ]);
    return child;
  }

  write(chunks: readonly Uint8Array[]): void {
    const input = this.link?.input;
    for (const chunk of chunks) if (input?.destroyed === false) input.write(chunk);
  }

  sendUncounted(kind: Packet["kind"], payload: Uint8Array): void {
    this.write(encodePacket(kind, 0, [payload]));
  }

  send(chunks: readonly Uint8Array[]): void {
    this.replay.keep(chunks);
    this.write(chunks);
  }

  call(module: string, fn: string, args: unknown[] = [], options: CallOptions = {}): TestCall {
    const { kwargs, returns, leaseMs, modules, keepUses, holdsCredit: _holds, callbacks: _callbacks, isDamaged, ...route } = options;
    const call = new TestCall(++this.#lastStream, options);
    this.calls.set(call.stream, call);
    const attachments: Uint8Array[] = [];
    const message: InvokeMessage = {
      type: "invoke",
      module,
      function: fn,
      args: encodeValue(args, "args", attachments, { custom: customEncode }),
    };
    if (kwargs !== undefined) message.kwargs = encodeValue(kwargs, "kwargs", attachments, { custom: customEncode });
    if (returns !== undefined) message.returns = returns;
    if (leaseMs !== undefined) message.leaseMs = leaseMs;
    if (modules !== undefined) message.modules = modules;
    if (keepUses !== undefined) message.keep = keepUses;
    const frame = Buffer.concat(encodeFrame(JSON.stringify(message), attachments));
    if (isDamaged === true) frame[frame.length - 1]! ^= 1;
    const first = frame.subarray(0, sessionLimits.dataPayload);
    call.credit -= first.length;
    const text = Object.keys(route).length === 0 ? "" : JSON.stringify(route);
    this.send(encodePacket(packetKinds.open, call.stream, encodeOpen(text, [first])));
    this.#sendFrame(call, frame.subarray(first.length));
    return call;
  }

  #sendFrame(call: TestCall, frame: Uint8Array): void {
    if (frame.length > 0) call.outstanding.push(frame);
    while (call.credit > 0 && call.outstanding.length > 0) {
      const next = call.outstanding[0]!;
      const part = next.subarray(0, Math.min(call.credit, sessionLimits.dataPayload));
      call.credit -= part.length;
      if (part.length === next.length) call.outstanding.shift();
      else call.outstanding[0] = next.subarray(part.length);
      this.send(encodePacket(packetKinds.data, call.stream, [part]));
    }
  }

  cancel(call: TestCall): void {
    this.send(encodePacket(packetKinds.cancel, call.stream, []));
  }
  mute(call: TestCall, flags: number = packetFlags.muteStdout | packetFlags.muteStderr): void {
    this.send(encodePacket(packetKinds.mute, call.stream, [], { flags }));
  }
  giveCredit(call: TestCall, stdout: number, stderr = 0): void {
    this.send(encodePacket(packetKinds.credit, call.stream, [encodeCredit(stdout, stderr)]));
  }
  /** Ends the session as a client does. Resolves with how the supervisor's process ended. */
  end(): Promise<number | string | null> {
    this.sendUncounted(packetKinds.bye, encodeSessionMessage({ type: "bye" }));
    return this.exited;
  }

  #take(packet: Packet): void {
    if (isCounted(packet.kind)) {
      this.packets.push(packet);
      const isDue = this.receipt.count(packet.payload.length);
      this.#takeCounted(packet);
      if (isDue && !this.isSilent) this.sendUncounted(packetKinds.ack, encodeCount(this.receipt.tell()));
    } else if (packet.kind === packetKinds.welcome) {
      this.welcome = decodeSessionMessage(packet.payload, "welcome");
      this.#onWelcome(this.welcome);
    } else if (packet.kind === packetKinds.challenge) {
      this.#prove(decodeSessionMessage(packet.payload, "challenge")).catch(crash);
    } else if (packet.kind === packetKinds.bye) {
      this.bye = decodeSessionMessage(packet.payload, "bye").error?.code;
    } else this.replay.acknowledge(decodeCount(packet.payload));
  }

  async #prove({ nonce: hostNonce, received: told, proof }: ChallengeMessage): Promise<void> {
    await this.#beforeProof?.();
    const nonces = { clientNonce: this.#nonce, hostNonce };
    if (proof !== prove(this.token, "host", { ...nonces, received: told })) throw new Error("a host that cannot prove itself");
    const received = this.receipt.tell();
    const message = { type: "proof", received, proof: prove(this.token, "client", { ...nonces, received }) } as const;
    this.sendUncounted(packetKinds.proof, encodeSessionMessage(message));
    this.replay.acknowledge(told);
    this.write(this.replay.unacknowledged());
    this.#onResumed?.();
  }

  #takeCounted(packet: Packet): void {
    const call = this.calls.get(packet.stream);
    if (call === undefined) throw new Error(`a packet of kind ${packet.kind} of stream ${packet.stream}, which is over`);
    switch (packet.kind) {
      case packetKinds.stdout:
      case packetKinds.stderr: {
        const name = packet.kind === packetKinds.stdout ? "stdout" : "stderr";
        call.output[name].push(Buffer.from(packet.payload));
        call.events.push(name);
        if (call.options.holdsCredit !== true && !this.isSilent) {
          this.giveCredit(call, name === "stdout" ? packet.payload.length : 0, name === "stderr" ? packet.payload.length : 0);
        }
        break;
      }
      case packetKinds.credit:
        call.credited += decodeCredit(packet.payload);
        call.credit += decodeCredit(packet.payload);
        this.#sendFrame(call, new Uint8Array(0));
        break;
      case packetKinds.totals:
        call.totals = [decodeCount(packet.payload, 0), decodeCount(packet.payload, 8)];
        call.events.push("totals");
        break;
      default:
        this.#takeData(call, packet);
    }
  }

  #takeData(call: TestCall, packet: Packet): void {
    if ((packet.flags & packetFlags.fresh) !== 0) call.decoder = new FrameDecoder();
    call.decoder.push(packet.payload);
    for (let frame = call.decoder.next(); frame !== undefined; frame = call.decoder.next()) {
      const message = checkSessionMessage(frame.header, "ask", "result");
      const attachments = new Attachments(frame.attachments);
      if (message.type === "ask") {
        call.events.push("ask");
        const args = decodeValue(message.args, attachments, { custom: customDecode });
        this.#answer(call, message.ask, message.callback, args).catch(crash);
        continue;
      }
      const value = message.value === undefined ? undefined : decodeValue(message.value, attachments, { custom: customDecode });
      call.events.push("result");
      call.decoder.end();
      if ((packet.flags & packetFlags.last) === 0) throw new Error("a result in a packet that is not the last");
      this.calls.delete(call.stream);
      call.resolve({ ...message, value, worker: packet.worker, flags: packet.flags });
    }
  }

  async #answer(call: TestCall, ask: number, callback: number, args: unknown): Promise<void> {
    const attachments: Uint8Array[] = [];
    let header: Record<string, unknown> = { type: "answer", ask };
    try {
      const value = await call.options.callbacks?.[callback]?.(...(Array.isArray(args) ? (args as unknown[]) : []));
      header = { ...header, ...(value instanceof MalformedAnswer ? value.members : { value: encodeValue(value, "answer", attachments) }) };
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      header = { ...header, error: { name, message } };
    }
    this.#sendFrame(call, Buffer.concat(encodeFrame(JSON.stringify(header), attachments)));
  }
}
