/* The interpreters of a client, by name. */
import { isDeepStrictEqual } from "node:util";
import { InvalidArgumentError, SremoteError } from "@sremote/protocol";
import { Interpreter, type InterpreterHost } from "./interpreter.ts";
import { checkInterpreter, type InterpreterOptions } from "./options.ts";

interface Named {
  readonly settings: object;
  readonly started: Promise<Interpreter>;
  /** How many have asked for it, and not disposed of it. */
  uses: number;
}

export class Interpreters {
  readonly #host: InterpreterHost;
  readonly #named = new Map<string, Named>();
  readonly #hasSessions: boolean;

  /** @param hasSessions whether something can stay on the host between calls */
  constructor(host: InterpreterHost, hasSessions: boolean) {
    this.#host = host;
    this.#hasSessions = hasSessions;
  }

  async open(options: InterpreterOptions): Promise<Interpreter> {
    checkInterpreter(options);
    if (!this.#hasSessions) {
      throw new SremoteError("unsupported", "an interpreter needs a session: over files nothing stays on the host between calls", {
        host: this.#host.label,
        hint: 'use a connector that starts live processes, and leave the client\'s transport at "auto"; client.python runs single snippets over files as well',
      });
    }
    const { name, env = {}, cwd, loginEnv = false } = options;
    if (name === undefined) return await new Interpreter(this.#host, { ...options }, () => true).start();
    const settings = { env: { ...env }, cwd, loginEnv };
    let named = this.#named.get(name);
    if (named === undefined) {
      const entry: Named = { settings, started: this.#begin(name, options, () => --entry.uses <= 0), uses: 0 };
      this.#named.set(name, (named = entry));
    } else if (!isDeepStrictEqual(named.settings, settings)) {
      throw new InvalidArgumentError(
        `options.name cannot be that of an interpreter with other options: ${name} has another env, cwd or loginEnv`,
      );
    }
    named.uses++;
    return await named.started;
  }

  async #begin(name: string, options: InterpreterOptions, letGo: () => boolean): Promise<Interpreter> {
    const forget = (): boolean => {
      const isLast = letGo();
      if (isLast) this.#named.delete(name);
      return isLast;
    };
    try {
      return await new Interpreter(this.#host, { ...options }, forget).start();
    } catch (error) {
      this.#named.delete(name);
      throw error;
    }
  }
}
