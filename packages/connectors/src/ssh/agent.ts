/* The agent: which keys it holds, and signatures by them. It may be slow, suspended or gone, so every question has a deadline. */
import type { Duplex } from "node:stream";
import ssh2 from "ssh2";
import type { BaseAgent, ParsedKey } from "ssh2";
import { DeadlineTimer } from "@sremote/protocol";
import { sshNumber, sshString, WireReader } from "./wire.ts";

/** How long the agent may take to list its keys, in milliseconds: no person is asked for that. */
const listTimeout = 10_000;
/** Of an answer, in bytes: OpenSSH's own limit. */
const longestAnswer = 256 * 1024;

// draft-miller-ssh-agent, section 3.
const requestIdentities = 11;
const identitiesAnswer = 12;
const signRequest = 13;
const signResponse = 14;
const signatureFlags: Readonly<Record<string, number>> = { "rsa-sha2-256": 2, "rsa-sha2-512": 4 };
const hashes: Readonly<Record<string, "sha1" | "sha256" | "sha512">> = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" };

export interface AgentKey {
  key: ParsedKey;
  comment: string;
}

export interface AgentKeys {
  keys: readonly AgentKey[];
  /** Types of keys that ssh2 cannot use, such as certificates and security keys. */
  others: readonly string[];
  /** Why there are none. */
  problem?: string;
}

export class Agent {
  /** For errors. */
  readonly name: string;
  readonly #agent: BaseAgent;
  /** Speaks the protocol itself, since ssh2's agent cannot be stopped while it waits. */
  readonly #hasSocket: boolean;
  readonly #signTimeout: number;

  constructor(agent: string | BaseAgent, signTimeout: number) {
    this.name = typeof agent === "string" ? `the agent at ${agent}` : "options.agent";
    this.#agent = typeof agent === "string" ? ssh2.createAgent(agent) : agent;
    this.#hasSocket = typeof agent === "string";
    this.#signTimeout = signTimeout;
  }

  /** Never rejects: an agent without an answer holds no keys. */
  async list(): Promise<AgentKeys> {
    try {
      const deadline = Math.min(listTimeout, this.#signTimeout);
      if (this.#hasSocket) return parseKeys(await this.#ask(Buffer.from([requestIdentities]), identitiesAnswer, deadline, "list its keys"));
      const found = await this.#within<readonly unknown[]>(deadline, "list its keys", (done) => this.#agent.getIdentities(done));
      const parsed = (found ?? []).map((each) => parsePublic(each));
      return { keys: parsed.flatMap((key) => (key === undefined ? [] : [{ key, comment: key.comment }])), others: [] };
    } catch (error) {
      return { keys: [], others: [], problem: `${this.name} ${messageOf(error)}` };
    }
  }

  /** @param algorithm the signature's, such as `rsa-sha2-512` */
  async sign(key: ParsedKey, data: Buffer, algorithm: string): Promise<Buffer> {
    if (!this.#hasSocket) {
      const hash = hashes[algorithm];
      const signature = await this.#within<Uint8Array | string>(this.#signTimeout, "sign", (done) => {
        this.#agent.sign(key, data, hash === undefined ? {} : { hash }, done);
      });
      if (signature === undefined) throw new Error("gave no signature");
      return typeof signature === "string" ? Buffer.from(signature, "latin1") : Buffer.from(signature);
    }
    const flags = signatureFlags[algorithm] ?? 0;
    const request = Buffer.concat([Buffer.from([signRequest]), sshString(key.getPublicSSH()), sshString(data), sshNumber(flags)]);
    const answer = new WireReader(await this.#ask(request, signResponse, this.#signTimeout, "sign"));
    const signature = new WireReader(answer.string());
    signature.string();
    // ssh2 puts the algorithm's name in front again.
    return signature.string();
  }

  /** One question over a connection of its own. Resolves with what follows the answer's type. */
  async #ask(request: Buffer, expected: number, timeout: number, what: string): Promise<Buffer> {
    let socket: Duplex | undefined;
    try {
      const answer = await this.#within<Buffer>(timeout, what, (done) => {
        this.#agent.getStream?.((error, stream) => {
          if (stream === undefined || (error !== undefined && error !== null)) return done(new Error("cannot be reached"));
          socket = stream;
          const chunks: Buffer[] = [];
          stream.on("data", (chunk: Buffer) => {
            chunks.push(chunk);
            const all = Buffer.concat(chunks.splice(0));
            chunks.push(all);
            if (all.length < 5) return;
            const length = all.readUInt32BE(0);
            if (length === 0 || length > longestAnswer) return done(new Error("does not speak the agent protocol"));
            if (all.length < 4 + length) return;
            if (all[4] === expected) done(undefined, all.subarray(5, 4 + length));
            else done(new Error(`refused to ${what}`));
          });
          for (const event of ["error", "end", "close"]) stream.on(event, () => done(new Error("closed the connection without an answer")));
          stream.write(sshString(request));
        });
      });
      return answer ?? Buffer.alloc(0);
    } finally {
      socket?.destroy();
    }
  }

  #within<T>(timeout: number, what: string, ask: (done: (error?: Error | null, answer?: T) => void) => void): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const timer = new DeadlineTimer(timeout, () => reject(new Error(`did not ${what} within ${timeout} ms`)));
      ask((error, answer) => {
        timer.stop();
        if (error !== undefined && error !== null) reject(error);
        else resolve(answer);
      });
    });
  }
}

function parseKeys(answer: Buffer): AgentKeys {
  const reader = new WireReader(answer);
  const keys: AgentKey[] = [];
  const others: string[] = [];
  for (let left = reader.number(); left > 0; left -= 1) {
    const [blob, comment] = [reader.string(), reader.text()];
    const key = parsePublic(blob);
    if (key !== undefined) keys.push({ key, comment });
    else others.push(typeOf(blob));
  }
  return { keys, others };
}

function typeOf(blob: Buffer): string {
  try {
    return new WireReader(blob).text();
  } catch {
    return "unknown";
  }
}

/** An agent's keys are blobs in wire format, base64 of them, or what they were parsed to: see SshAgent. */
function parsePublic(key: unknown): ParsedKey | undefined {
  const blob = blobOf(key);
  if (blob === undefined) return undefined;
  const parsed = ssh2.utils.parseKey(blob);
  if (parsed instanceof Error) return undefined;
  const one: ParsedKey | undefined = Array.isArray(parsed) ? parsed[0] : parsed;
  return one;
}

function blobOf(key: unknown): Buffer | undefined {
  if (key instanceof Uint8Array) return Buffer.from(key);
  if (typeof key === "string") return Buffer.from(key.split(" ").find((word) => word.startsWith("AAAA")) ?? key, "base64");
  if (typeof key !== "object" || key === null) return undefined;
  if ("getPublicSSH" in key && typeof key.getPublicSSH === "function") return blobOf(key.getPublicSSH());
  return "pubKey" in key ? blobOf(key.pubKey) : undefined;
}

function messageOf(error: unknown): string {
  if (error instanceof RangeError) return "does not speak the agent protocol";
  return error instanceof Error ? error.message : "failed";
}
