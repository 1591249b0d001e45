/* The interpreters of a client, by name. */
import { isDeepStrictEqual } from "node:util";
import { InvalidArgumentError, SremoteError } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
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
  readonly #runtime: Runtime;
  readonly #hasSessions: boolean;

  /** @param runtime of interpreters that are asked for without @param hasSessions whether something can stay on the host between calls */
  constructor(host: InterpreterHost, runtime: Runtime, hasSessions: boolean) {
    this.#host = host;
    this.#runtime = runtime;
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
    const { name, runtime = this.#runtime, env = {}, cwd, loginEnv = false } = options;
    const all = { ...options, runtime };
    if (name === undefined) return await new Interpreter(this.#host, all, () => true).start();
    const settings = { runtime, env: { ...env }, cwd, loginEnv };
    let named = this.#named.get(name);
    if (named === undefined) {
      const entry: Named = { settings, started: this.#begin(name, all, () => --entry.uses <= 0), uses: 0 };
      this.#named.set(name, (named = entry));
    } else if (!isDeepStrictEqual(named.settings, settings)) {
      throw new InvalidArgumentError(
        `options.name cannot be that of an interpreter with other options: ${name} has another runtime, env, cwd or loginEnv`,
      );
    }
    named.uses++;
    return await named.started;
  }

  async #begin(name: string, options: InterpreterOptions & { runtime: Runtime }, letGo: () => boolean): Promise<Interpreter> {
    const forget = (): boolean => {
      const isLast = letGo();
      if (isLast) this.#named.delete(name);
      return isLast;
    };
    try {
      return await new Interpreter(this.#host, options, forget).start();
    } catch (error) {
      this.#named.delete(name);
      throw error;
    }
  }
}
