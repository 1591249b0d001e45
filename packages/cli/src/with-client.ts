/* One command on one host: connect, ask for a password where the host wants one, close. */
import type { Connector } from "@sremote/connectors";
import { RemoteClient, type RemoteClientOptions } from "@sremote/client";
import { hostText, SremoteError } from "@sremote/protocol";
import { openConnector } from "./configured.ts";
import type { Answers, HostOptions } from "./host-options.ts";
import { ask, canAsk } from "./terminal.ts";

/** As OpenSSH's NumberOfPasswordPrompts. */
const mostQuestions = 3;
/** Milliseconds a person has for the host's questions: sshd's LoginGraceTime. */
const patience = 120_000;
/** Characters of a question. */
const longestQuestion = 2000;

/** Runs the work with a client for HOST, as {@link withConnector}, and closes the client. */
export async function withClient<T>(
  host: string,
  options: HostOptions,
  settings: RemoteClientOptions,
  signal: AbortSignal,
  work: (client: RemoteClient) => Promise<T>,
): Promise<T> {
  return withConnector(host, options, signal, async (connector) => {
    await using client = new RemoteClient(connector, settings);
    return await work(client);
  });
}

/**
 * Runs the work with a connector for HOST, and closes it. When the host refuses what it was offered, but would take a password or asks questions,
 * the person at the terminal is asked and the work is begun anew: nothing had been sent.
 */
export async function withConnector<T>(
  host: string,
  options: HostOptions,
  signal: AbortSignal,
  work: (connector: Connector) => Promise<T>,
): Promise<T> {
  let answers: Answers = {};
  for (let asked = 0; ; asked++) {
    await using connector = await openConnector(host, options, answers);
    try {
      return await work(connector);
    } catch (error) {
      const question = asked < mostQuestions && options.openssh !== true && canAsk() ? questionOf(error, connector.label) : undefined;
      if (question === undefined) throw error;
      answers = await answersTo(question, connector.label.slice("ssh://".length), answers, signal);
    }
  }
}

type Question = "password" | "keyboard-interactive" | "passphrase";

/** What the host (or a key) wants to know, read from the error that says which methods it offers. */
function questionOf(error: unknown, label: string): Question | undefined {
  // A jump host's refusal is not the host's: its password must not be sent to the other.
  if (!(error instanceof SremoteError) || error.code !== "auth-failed" || error.host !== label) return undefined;
  if (
    /the key is encrypted and no passphrase was given|the passphrase does not fit the key/.test(error.message) &&
    /passphrase/.test(error.hint ?? "")
  )
    return "passphrase";
  const offered = /the host offers ([a-z, -]+)/.exec(error.message)?.[1]?.split(/, */) ?? [];
  if (offered.includes("password")) return "password";
  return offered.includes("keyboard-interactive") ? "keyboard-interactive" : undefined;
}

async function answersTo(question: Question, label: string, before: Answers, signal: AbortSignal): Promise<Answers> {
  if (question === "passphrase") return { ...before, passphrase: await ask("Passphrase of the key: ", false, signal) };
  if (question === "password") return { ...before, password: await ask(`Password of ${label}: `, false, signal) };
  return {
    ...before,
    connectTimeout: patience,
    keyboardInteractive: async (prompts, instructions) => {
      const answers: string[] = [];
      for (const [index, { prompt, echo }] of prompts.entries()) {
        const heading = index === 0 && instructions !== "" ? `${printable(instructions)}\r\n` : "";
        answers.push(await ask(`${heading}(${label}) ${printable(prompt)}`, echo, signal));
      }
      return answers;
    },
  };
}

/** A host's question: in one line, and not endless. */
function printable(text: string): string {
  return hostText(text, { limit: longestQuestion }).replaceAll(/[\n\t]/g, " ");
}
