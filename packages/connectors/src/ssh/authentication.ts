/* Which credentials are offered, in which order, and what to say when none was taken. */
import { ConnectError } from "@sremote/protocol";
import type { AnyAuthMethod, AuthenticationType, Prompt } from "ssh2";
import { onlyNamed, openAgent } from "./agent.ts";
import { loadIdentities } from "./identity.ts";
import type { AuthenticationPrompt } from "./options.ts";
import type { CredentialSettings } from "./settings.ts";

interface Attempt {
  /** For errors; never holds a secret. */
  name: string;
  /** As the host calls it; an agent's keys are `publickey`. */
  method: "publickey" | "password" | "keyboard-interactive";
  /** Answers with the same password as the method `password` sends. */
  repeatsPassword?: boolean;
  make(): AnyAuthMethod;
}

/** What to offer, prepared once: keys are read and decrypted before anything is sent. */
export interface Credentials {
  attempts: readonly Attempt[];
  skipped: readonly string[];
}

/**
 * Explicit keys, the agent, implied key files, password, keyboard-interactive.
 *
 * @throws InvalidArgumentError or ConnectError when a key that the caller named cannot be used
 */
export async function prepareCredentials(settings: CredentialSettings, label: string): Promise<Credentials> {
  const { username, password, keyboardInteractive } = settings;
  const identities = await loadIdentities(settings, label);
  const attempts: Attempt[] = [];
  const skipped = [...identities.skipped];
  const offerKey = ({ name, key }: (typeof identities.explicit)[number]): Attempt => ({
    name: `publickey (${name})`,
    method: "publickey",
    make: () => ({ type: "publickey", username, key }),
  });
  attempts.push(...identities.explicit.map(offerKey));
  if (settings.agent !== undefined) {
    const agent = openAgent(settings.agent);
    const offered = settings.identitiesOnly ? await onlyNamed(agent, settings.defaultKeyFiles) : agent;
    attempts.push({ name: "agent", method: "publickey", make: () => ({ type: "agent", username, agent: offered }) });
  }
  attempts.push(...identities.implied.map(offerKey));
  if (password !== undefined) {
    attempts.push({ name: "password", method: "password", make: () => ({ type: "password", username, password }) });
  }
  if (keyboardInteractive !== undefined || password !== undefined) {
    attempts.push({
      name: "keyboard-interactive",
      method: "keyboard-interactive",
      repeatsPassword: keyboardInteractive === undefined,
      make: () => ({ type: "keyboard-interactive", username, prompt: answerPrompts(keyboardInteractive, password) }),
    });
  }
  return { attempts, skipped };
}

type PromptHandler = Extract<AnyAuthMethod, { type: "keyboard-interactive" }>["prompt"];

/**
 * The caller's callback answers; without one, the password answers one hidden question, once. What is not answered gets an empty answer,
 * which makes the host refuse; with fewer answers than questions OpenSSH would end the connection without a reason.
 */
function answerPrompts(callback: CredentialSettings["keyboardInteractive"], password: string | undefined): PromptHandler {
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
    void askCaller(callback, asked, instructions).then(answer);
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

/** Hands ssh2 one attempt after the other; one per connection. */
export class AuthenticationDialog {
  readonly #credentials: Credentials;
  readonly #username: string;
  readonly #tried: string[] = [];
  #next = 0;
  #offered: readonly string[] | undefined;
  #passwordSent = false;
  #asked = false;
  /** Set when nothing is left to try. */
  failed = false;

  constructor(credentials: Credentials, username: string) {
    this.#credentials = credentials;
    this.#username = username;
  }

  /** For ssh2's `authHandler`; `false` ends the dialog. */
  readonly next = (left: AuthenticationType[] | null): AnyAuthMethod | false => {
    if (left !== null) this.#offered = left;
    if (this.#mustAskFirst()) {
      this.#asked = true;
      return { type: "none", username: this.#username };
    }
    for (;;) {
      const attempt = this.#credentials.attempts[this.#next];
      if (attempt === undefined) {
        this.failed = true;
        return false;
      }
      this.#next += 1;
      if (this.#offered !== undefined && !this.#offered.includes(attempt.method)) continue;
      // The same password is not tried a second time in another guise.
      if (attempt.repeatsPassword === true && this.#passwordSent) continue;
      if (attempt.method === "password") this.#passwordSent = true;
      this.#tried.push(attempt.name);
      return attempt.make();
    }
  };

  /** Without secrets. */
  error(label: string, said?: string): ConnectError {
    const tried = this.#tried.length === 0 ? "none fits what the host offers" : `tried ${this.#tried.join(", ")}`;
    const offers = this.#offered === undefined ? "" : `; the host offers ${this.#offered.join(", ") || "nothing"}`;
    const skipped = this.#credentials.skipped.length === 0 ? "" : `; not used: ${this.#credentials.skipped.join(", ")}`;
    const reason = said === undefined ? "" : ` (${said})`;
    return new ConnectError("auth-failed", `the host refused the credentials of ${this.#username}${reason}: ${tried}${offers}${skipped}`, {
      stage: "connect",
      host: label,
      hint: this.#hint(),
    });
  }

  // A password must not be sent to a host that does not take passwords; `none` only asks for the list and counts as no attempt.
  #mustAskFirst(): boolean {
    if (this.#asked || this.#offered !== undefined) return false;
    const attempt = this.#credentials.attempts[this.#next];
    return attempt === undefined || attempt.method !== "publickey";
  }

  #hint(): string {
    if (this.#credentials.attempts.length === 0) return "no key, agent or password was found: pass privateKeyPath, agent or password";
    if (this.#offered?.some((method) => method.startsWith("gssapi") || method === "hostbased") === true) {
      return "openssh() can also use Kerberos, host-based authentication, certificates and security keys";
    }
    return "check the user name and that the host authorizes one of these credentials";
  }
}
