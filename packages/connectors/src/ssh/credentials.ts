/* Which keys are offered, in which order, and who signs. */
import { ConnectError, InvalidArgumentError } from "@sremote/protocol";
import ssh2 from "ssh2";
import type { AnyAuthMethod, IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";
import { Agent } from "./agent.ts";
import type { AgentKeys } from "./agent.ts";
import type { KeyFile } from "./identity.ts";
import { givenKey, impliedKey, namedKey } from "./identity.ts";
import type { KeyProblem } from "./key-formats.ts";
import type { CredentialSettings } from "./credential-settings.ts";

/** A key that can be offered to a host. */
export interface KeyOffer {
  /** For errors; never holds a secret. */
  name: string;
  /** The key's, as `ssh-rsa`. */
  type: string;
  /** The public half in wire format, in base64: no key is offered twice. */
  id: string;
  offer(algorithm: string, username: string, listener: AgentListener): AnyAuthMethod;
}

/** Told while the agent is asked: a person may have to confirm a signature, which is no time of the host's. */
export interface AgentListener {
  during: <T>(work: Promise<T>) => Promise<T>;
  failed: (reason: string) => void;
}

export interface Credentials {
  settings: CredentialSettings;
  /** Keys that the caller names. */
  explicit: readonly KeyOffer[];
  /** Those of the agent and of key files that are not named. Asked for when they are needed, once. */
  implied(): Promise<readonly KeyOffer[]>;
  /** What was passed over and why, for an authentication error. */
  skipped: string[];
  /** Certificates and security keys, which ssh2 cannot use. */
  foreign: string[];
}

/**
 * Reads and decrypts the keys that the caller names, before anything is sent.
 *
 * @throws InvalidArgumentError or ConnectError when one of them cannot be used
 */
export async function prepareCredentials(settings: CredentialSettings, label: string): Promise<Credentials> {
  const agent = settings.agent === undefined ? undefined : new Agent(settings.agent, settings.agentTimeout);
  let listed: Promise<AgentKeys> | undefined;
  const list = async (): Promise<AgentKeys> => await (listed ??= agent?.list() ?? Promise.resolve({ keys: [], others: [] }));
  const credentials: Credentials = {
    settings,
    explicit: [],
    skipped: [],
    foreign: [],
    implied: () => (implied ??= prepareImplied(settings, agent, list, credentials)),
  };
  let implied: Promise<readonly KeyOffer[]> | undefined;
  const named = settings.keyFiles.map((path) => namedKey(path, settings.passphrase));
  const files = await Promise.all(named);
  if (settings.privateKey !== undefined) files.unshift(givenKey(settings.privateKey, settings.passphrase));
  const explicit: KeyOffer[] = [];
  for (const file of files) {
    noteCertificate(file, credentials);
    const key = file.read();
    if (!("kind" in key)) explicit.push(ofFile(file.name, key));
    else explicit.push(ofAgent(agent, await list(), file.publicHalf) ?? unusable(file, key, agent, await list(), label));
  }
  credentials.explicit = explicit;
  // The agent is asked while the host is being reached.
  if (!settings.named) credentials.implied().catch(() => undefined);
  return credentials;
}

/** As ssh orders them: the agent's keys that a file names, the agent's others, files alone. See pubkey_prepare in its sshconnect2.c. */
async function prepareImplied(
  settings: CredentialSettings,
  agent: Agent | undefined,
  list: () => Promise<AgentKeys>,
  { skipped, foreign }: Credentials,
): Promise<KeyOffer[]> {
  if (!settings.publicKeys) return [];
  const read = await Promise.all(settings.defaultKeyFiles.map((path) => impliedKey(path, settings.passphrase)));
  const files: KeyFile[] = [];
  for (const file of read) {
    if (typeof file === "string") skipped.push(file);
    else if (file !== undefined) files.push(file);
  }
  const held = await list();
  if (held.problem !== undefined) skipped.push(held.problem);
  foreign.push(...held.others.map((type) => `a key of the agent (${type})`));
  const offers: KeyOffer[] = [];
  const alone: KeyFile[] = [];
  for (const file of files) {
    noteCertificate(file, { foreign });
    const offer = ofAgent(agent, held, file.publicHalf);
    if (offer === undefined) alone.push(file);
    else offers.push(offer);
  }
  if (agent !== undefined && !settings.identitiesOnly) {
    for (const { key } of held.keys) {
      const offer = ofAgent(agent, held, key.getPublicSSH());
      if (offer !== undefined) offers.push(offer);
    }
  }
  for (const file of alone) {
    const key = file.read();
    if (!("kind" in key)) offers.push(ofFile(file.name, key));
    else skipped.push(`${file.name} (${key.kind === "public-half" ? `only the public half of a key, ${notHeld(agent, held)}` : key.text})`);
  }
  return offers;
}

function noteCertificate(file: KeyFile, { foreign }: Pick<Credentials, "foreign">): void {
  if (file.certificate !== undefined) foreign.push(`the certificate ${file.certificate}`);
}

function notHeld(agent: Agent | undefined, { problem }: AgentKeys): string {
  if (agent === undefined) return "and no agent is there to hold the other";
  return problem === undefined ? `and ${agent.name} does not hold the other` : `and ${problem}`;
}

/** @throws always */
function unusable(file: KeyFile, problem: KeyProblem, agent: Agent | undefined, held: AgentKeys, label: string): never {
  const shown = file.name === "options.privateKey" ? "the key in options.privateKey" : file.name;
  if (problem.kind === "no-passphrase" || problem.kind === "wrong-passphrase") {
    throw new ConnectError("auth-failed", `${shown}: ${problem.text}`, {
      stage: "connect",
      host: label,
      hint: "give its passphrase as options.passphrase, or add the key to an agent (ssh-add)",
    });
  }
  const option = file.name === "options.privateKey" ? file.name : "options.privateKeyPath";
  const half = problem.kind === "public-half" ? `, ${notHeld(agent, held)}` : "";
  const hint =
    problem.hint === undefined ? "" : `; ${problem.hint.replaceAll("KEY", file.name === "options.privateKey" ? "KEY" : file.name)}`;
  throw new InvalidArgumentError(option, `a private key, but ${shown} holds ${problem.text}${half}${hint}`);
}

function ofFile(name: string, key: ParsedKey): KeyOffer {
  return {
    name: `publickey (${name})`,
    type: key.type,
    id: key.getPublicSSH().toString("base64"),
    offer: (algorithm, username) => ({ type: "publickey", username, key: withAlgorithm(key, algorithm) }),
  };
}

function ofAgent(agent: Agent | undefined, held: AgentKeys, publicHalf: Buffer | undefined): KeyOffer | undefined {
  if (agent === undefined || publicHalf === undefined) return undefined;
  const found = held.keys.find(({ key }) => key.getPublicSSH().equals(publicHalf));
  if (found === undefined) return undefined;
  const name = `agent key ${found.comment === "" ? found.key.type : found.comment}`;
  return {
    name,
    type: found.key.type,
    id: publicHalf.toString("base64"),
    offer: (algorithm, username, listener) => ({
      type: "agent",
      username,
      agent: new OneKey(agent, withAlgorithm(found.key, algorithm), found.key, name, listener),
    }),
  };
}

/** The key under the name of a signature algorithm: ssh2 sends that name, and would choose SHA-256 or SHA-1 by itself. */
function withAlgorithm(key: ParsedKey, algorithm: string): ParsedKey {
  if (key.type !== "ssh-rsa") return key;
  const hash = algorithm === "ssh-rsa" ? "sha1" : algorithm.replace("rsa-sha2-", "sha");
  const sign = (data: Buffer | string): Buffer => key.sign(data, hash);
  return Object.create(key, { type: { value: algorithm }, sign: { value: sign } }) as ParsedKey;
}

/** One key of the agent, as an agent: ssh2 would offer all keys one after the other, without a look at what the host says in between. */
class OneKey extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: Agent;
  readonly #shown: ParsedKey;
  readonly #key: ParsedKey;
  readonly #name: string;
  readonly #listener: AgentListener;

  constructor(agent: Agent, shown: ParsedKey, key: ParsedKey, name: string, listener: AgentListener) {
    super();
    this.#agent = agent;
    this.#shown = shown;
    this.#key = key;
    this.#name = name;
    this.#listener = listener;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#shown]);
  }

  override sign(_key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
    const tell = typeof options === "function" ? options : callback;
    const refuse = (error: unknown): void => {
      this.#listener.failed(`${this.#name} (${this.#agent.name} ${error instanceof Error ? error.message : "failed"})`);
      tell?.(new Error("the agent did not sign"));
    };
    // ssh2 uses the buffer again.
    const asked = this.#agent.sign(this.#key, Buffer.from(data), this.#shown.type);
    this.#listener
      .during(asked)
      .then((signature) => tell?.(undefined, signature))
      .catch(refuse) // also where ssh2 cannot use the signature
      .catch(() => undefined); // ssh2 cannot be told when the link is gone, and the handshake has failed by that
  }
}
