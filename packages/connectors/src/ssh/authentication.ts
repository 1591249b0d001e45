/* The dialog of authentication: what is offered next, and what to say when none was taken. */
import { ConnectError, hostLimits } from "@sremote/protocol";
import type { AnyAuthMethod, Prompt } from "ssh2";
import type { CredentialSettings, Method } from "./credential-settings.ts";
import type { AgentListener, Credentials, KeyOffer } from "./credentials.ts";
import { hostText } from "./host-text.ts";
import type { AuthenticationPrompt } from "./options.ts";

/** Of what was tried, in an error: an agent may hold dozens of keys. */
const mostNamed = 12;

type PromptHandler = Extract<AnyAuthMethod, { type: "keyboard-interactive" }>["prompt"];

/** Hands ssh2 one attempt after the other; one per connection. */
export class AuthenticationDialog {
  readonly #credentials: Credentials;
  readonly #username: string;
  readonly #listener: AgentListener;
  readonly #tried: string[] = [];
  readonly #accepted: string[] = [];
  /** Keys (and with RSA, the algorithm) that were offered. */
  readonly #offeredKeys = new Set<string>();
  readonly #used = new Set<Method>();
  /** What the host would take now. */
  #offered: readonly string[] | undefined;
  #current: { name: string; method: Method } | undefined;
  #asked = false;
  /** Signature algorithms that the host says it takes. */
  #hostAlgorithms: readonly string[] | undefined;
  /** Set when nothing is left to try. */
  failed = false;
  /** What the host said for people to read. */
  banner = "";

  /** @param during called with everything that people or agents are waited for */
  constructor(credentials: Credentials, username: string, during: AgentListener["during"]) {
    this.#credentials = credentials;
    this.#username = username;
    this.#listener = { during, failed: (reason) => credentials.skipped.push(reason) };
  }

  /** The host refused the last attempt, or took it and wants more. To be called for every refusal. */
  refused(left: readonly string[], partial: boolean): void {
    this.#offered = left;
    if (!partial || this.#current === undefined || this.#accepted.length >= hostLimits.factors) return;
    this.#accepted.push(this.#current.name);
    // A conversation that went well may be followed by another.
    if (this.#credentials.settings.keyboardInteractive !== undefined) this.#used.delete("keyboard-interactive");
  }

  /** @param algorithms of `server-sig-algs` (RFC 8308) */
  learned(algorithms: readonly string[]): void {
    this.#hostAlgorithms = algorithms;
  }

  said(text: string): void {
    this.banner = hostText(`${this.banner}\n${text}`);
  }

  /** For ssh2's `authHandler`; `false` ends the dialog. */
  async next(): Promise<AnyAuthMethod | false> {
    const attempt = await this.#choose();
    if (attempt === false) this.failed = true;
    return attempt;
  }

  async #choose(): Promise<AnyAuthMethod | false> {
    for (const method of this.#credentials.settings.methods) {
      if (this.#offered !== undefined && !this.#offered.includes(method)) continue;
      if (method === "publickey") {
        const key = await this.#nextKey();
        if (key !== undefined) return key;
      } else if (this.#canUse(method)) {
        // A password must not be sent to a host that does not take passwords; `none` only asks for the list and counts as no attempt.
        if (this.#offered === undefined) return this.#ask();
        this.#used.add(method);
        this.#begin(method, method);
        return method === "password" ? this.#password() : this.#conversation();
      }
    }
    // Some hosts let everybody in who comes so far.
    return this.#asked ? false : this.#ask();
  }

  #ask(): AnyAuthMethod {
    this.#asked = true;
    this.#current = undefined;
    return { type: "none", username: this.#username };
  }

  #begin(name: string, method: Method): void {
    this.#current = { name, method };
    this.#tried.push(name);
  }

  async #nextKey(): Promise<AnyAuthMethod | undefined> {
    const { settings, explicit } = this.#credentials;
    const own = this.#offerOne(explicit);
    if (own !== undefined) return own;
    // Credentials that the caller names are the only ones, unless the host takes none of them: then they are a second factor.
    const lacking = this.#accepted.length > 0 || explicit.length === 0;
    if (settings.named && !settings.offersAgent && !(lacking && this.#offered !== undefined && !this.#canUseAny())) return undefined;
    return this.#offerOne(await this.#listener.during(this.#credentials.implied()));
  }

  #offerOne(keys: readonly KeyOffer[]): AnyAuthMethod | undefined {
    const rsa = this.#rsaAlgorithms();
    // Other algorithms of the same keys come last: each offer counts as an attempt on the host.
    for (let rank = 0; rank < Math.max(1, rsa.length); rank += 1) {
      for (const key of keys) {
        const algorithm = key.type === "ssh-rsa" ? rsa[rank] : rank === 0 ? key.type : undefined;
        if (algorithm === undefined || this.#offeredKeys.has(`${algorithm} ${key.id}`)) continue;
        this.#offeredKeys.add(`${algorithm} ${key.id}`);
        if (rank === 0) this.#begin(key.name, "publickey");
        else this.#current = { name: key.name, method: "publickey" };
        return key.offer(algorithm, this.#username, this.#listener);
      }
    }
    return undefined;
  }

  #rsaAlgorithms(): string[] {
    const allowed = this.#credentials.settings.rsaAlgorithms;
    const known = allowed.filter((each) => this.#hostAlgorithms?.includes(each) === true);
    if (known.length === 0) return [...allowed];
    // Who allows SHA-1 has a reason; OpenSSH does not list it.
    return allowed.includes("ssh-rsa") && !known.includes("ssh-rsa") ? [...known, "ssh-rsa"] : known;
  }

  #canUseAny(): boolean {
    return (["password", "keyboard-interactive"] as const).some((each) => this.#offered?.includes(each) === true && this.#canUse(each));
  }

  #canUse(method: "password" | "keyboard-interactive"): boolean {
    const { password, keyboardInteractive } = this.#credentials.settings;
    if (this.#used.has(method)) return false;
    if (method === "password") return password !== undefined;
    // The same password is not tried a second time in another guise.
    return keyboardInteractive !== undefined || (password !== undefined && !this.#used.has("password"));
  }

  #password(): AnyAuthMethod {
    return { type: "password", username: this.#username, password: this.#credentials.settings.password ?? "" };
  }

  #conversation(): AnyAuthMethod {
    const { keyboardInteractive, password } = this.#credentials.settings;
    const prompt = answerPrompts(keyboardInteractive, password, this.#listener.during);
    return { type: "keyboard-interactive", username: this.#username, prompt };
  }

  /** Without secrets. */
  error(label: string, said?: string): ConnectError {
    const { skipped } = this.#credentials;
    const accepted = [...new Set(this.#accepted)].join(", ");
    const opening =
      accepted === ""
        ? `the host refused the credentials of ${this.#username}`
        : `the host accepted ${accepted} of ${this.#username}, and wants another credential as well`;
    const reason = said === undefined ? "" : ` (${hostText(said)})`;
    const tried = this.#tried.length === 0 ? "none fits what the host offers" : `tried ${shortened(this.#tried)}`;
    const offers = this.#offered === undefined ? "" : `; the host offers ${hostText(this.#offered.join(", ")) || "nothing"}`;
    const passed = skipped.length === 0 ? "" : `; not used: ${shortened([...new Set(skipped)])}`;
    return new ConnectError("auth-failed", `${opening}${reason}: ${tried}${offers}${passed}`, {
      stage: "connect",
      host: label,
      ...(this.banner === "" ? {} : { lastLines: this.banner }),
      hint: this.#hint(said),
    });
  }

  #hint(said = ""): string {
    const { skipped, foreign, settings } = this.#credentials;
    const takes = (method: Method): boolean => this.#offered?.includes(method) === true;
    if (/too many/i.test(said)) {
      return "the host counts each key against its MaxAuthTries: name the right one as privateKeyPath, or by IdentityFile and IdentitiesOnly yes in ssh_config";
    }
    if (this.#accepted.length === 0 && takes("publickey")) {
      const locked = skipped.find((each) => /the key is encrypted|passphrase does not fit/.test(each));
      if (locked !== undefined) return "give the key's passphrase as options.passphrase, or add the key to an agent (ssh-add)";
      if (foreign.length > 0) return `ssh() cannot use ${shortened([...new Set(foreign)])}: openssh() can`;
    }
    if (skipped.some((each) => /did not sign within|refused to sign/.test(each))) {
      return "the agent did not sign: unlock it and answer what it asks, or give agentTimeout more time";
    }
    if (this.#tried.length === 0 && takes("publickey") && !settings.publicKeys) {
      return "ssh_config turns public keys off: pass privateKeyPath, or correct PubkeyAuthentication and PreferredAuthentications";
    }
    const other = this.#unusedMethod();
    if (other !== undefined && (this.#tried.length === 0 || this.#accepted.length > 0)) return `the host ${other}`;
    if (other !== undefined)
      return `check the user name and that the host authorizes one of these credentials; it also ${other}${this.#sha1Hint()}`;
    if (this.#offered?.some((method) => method.startsWith("gssapi") || method === "hostbased") === true) {
      return "openssh() can also use Kerberos, host-based authentication, certificates and security keys";
    }
    if (this.#tried.length === 0 && takes("publickey")) return "no key was found: pass privateKeyPath, or add a key to an agent (ssh-add)";
    return `check the user name and that the host authorizes one of these credentials${this.#sha1Hint()}`;
  }

  /** Whether the host answers an RSA key that it knows with a refusal because of SHA-1 alone cannot be told: OpenSSH lists signatures that it does not take. */
  #sha1Hint(): string {
    const isRsa = [...this.#offeredKeys].some((each) => each.startsWith("rsa-sha2-"));
    if (!isRsa || this.#credentials.settings.rsaAlgorithms.includes("ssh-rsa")) return "";
    return `; an old host may take RSA keys only with SHA-1, to be allowed by algorithms: { publicKey: "+ssh-rsa" }, or PubkeyAcceptedAlgorithms +ssh-rsa in ssh_config`;
  }

  /** What the host takes and was not given. */
  #unusedMethod(): string | undefined {
    const { password, keyboardInteractive } = this.#credentials.settings;
    if (password !== undefined) return undefined;
    if (this.#offered?.includes("password") === true) return "takes a password: pass password";
    if (keyboardInteractive !== undefined || this.#offered?.includes("keyboard-interactive") !== true) return undefined;
    return "asks questions: pass keyboardInteractive, which answers them, or password";
  }
}

function shortened(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "";
  return hostText(names.slice(0, mostNamed).join(", ")) + more;
}

/**
 * The caller's callback answers; without one, the password answers one hidden question, once. What is not answered gets an empty answer,
 * which makes the host refuse; with fewer answers than questions OpenSSH would end the connection without a reason.
 */
function answerPrompts(
  callback: CredentialSettings["keyboardInteractive"],
  password: string | undefined,
  during: AgentListener["during"],
): PromptHandler {
  let used = false;
  return (_name, instructions, _language, prompts, finish) => {
    const answer = (answers: readonly string[]): void => finish(prompts.map((_, index) => answers[index] ?? ""));
    if (callback === undefined) {
      const fits = !used && prompts.length === 1 && prompts[0]?.echo !== true;
      used = true;
      answer(fits && password !== undefined ? [password] : []);
      return;
    }
    const asked = prompts.map((each: Prompt): AuthenticationPrompt => ({ prompt: each.prompt, echo: each.echo === true }));
    // Where the answers cannot be sent, the link is gone, which the handshake tells.
    during(askCaller(callback, asked, instructions))
      .then(answer)
      .catch(() => undefined);
  };
}

/** A callback that throws has no answers; what it threw may hold a secret and goes nowhere. */
async function askCaller(
  callback: NonNullable<CredentialSettings["keyboardInteractive"]>,
  prompts: readonly AuthenticationPrompt[],
  instructions: string,
): Promise<readonly string[]> {
  try {
    return await callback(prompts, instructions);
  } catch {
    return [];
  }
}
