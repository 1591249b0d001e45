/* The connector's own directory on the host, and what in it may go. */
import { randomBytes } from "node:crypto";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { orAborted } from "../deadline.ts";
import type { RestContext, ScriptDialect } from "./dialect.ts";
import type { HttpClient } from "./http.ts";
import { checkPlainPath } from "./settings.ts";

/** Beyond this many, a release waits for the next command, so that no script gets long. */
const most = 200;

/**
 * `<home>/.sremote-rest-<random>`, mode 0700, made when first needed. A name that cannot be guessed cannot have been planted. It is removed when
 * the connector closes; what a connector leaves that never got there, the next one removes a day later.
 */
export class WorkDirectory {
  readonly #dialect: ScriptDialect;
  readonly #http: HttpClient;
  readonly #parent: string | undefined;
  #path: Promise<string> | undefined;
  #swept = false;
  readonly #released = new Set<string>();

  constructor(dialect: ScriptDialect, http: HttpClient, parent: string | undefined) {
    this.#dialect = dialect;
    this.#http = http;
    this.#parent = parent;
  }

  /** Its path. Many may wait for its making, which the first one's abort does not end. */
  path(signal: AbortSignal): Promise<string> {
    if (this.#path === undefined) {
      const making = this.#make({ http: this.#http, signal: AbortSignal.timeout(120_000) });
      this.#path = making;
      making.catch(() => {
        if (this.#path === making) this.#path = undefined;
      });
    }
    return orAborted(this.#path, signal);
  }

  /** It was removed: the next command makes another one. */
  forget(): void {
    this.#path = undefined;
  }

  /** The files of this id may go. */
  release(id: string): void {
    this.#released.add(id);
  }

  /** Ids whose files the next command takes along; to be given back when it was not sent. */
  take(): { released: string[]; sweep: boolean; giveBack: () => void } {
    const released = [...this.#released].slice(0, most);
    for (const id of released) this.#released.delete(id);
    const sweep = !this.#swept;
    this.#swept = true;
    const giveBack = (): void => {
      for (const id of released) this.#released.add(id);
      if (sweep) this.#swept = false;
    };
    return { released, sweep, giveBack };
  }

  /** Removes it with everything in it. */
  async remove(context: RestContext): Promise<void> {
    // Not made yet: close() does not wait for a service that does not answer.
    const path = this.#path === undefined ? undefined : await orAborted(this.#path, context.signal).catch(() => undefined);
    if (path !== undefined) await this.#dialect.remove(path, context);
  }

  async #make(context: RestContext): Promise<string> {
    const parent = (this.#parent ?? (await this.#dialect.home(context))).replace(/\/+$/, "");
    try {
      checkPlainPath(`${parent}/`, "directory");
    } catch (cause) {
      throw new ConnectError("connect-failed", "the host reports no home directory, or one whose name needs quoting", {
        stage: "connect",
        host: this.#dialect.label,
        hint: "name another one with the option `scratchDir`",
        cause,
      });
    }
    const dot = this.#dialect.limits.hiddenFiles === false ? "" : ".";
    const path = `${parent}/${dot}sremote-rest-${randomBytes(12).toString("hex")}`;
    try {
      await this.#dialect.makeDirectory(path, context);
    } catch (error) {
      if (!(error instanceof SremoteError)) throw error;
      const hint = `name a directory that is there and writable with the option \`scratchDir\``;
      throw new ConnectError("connect-failed", `no private directory could be made in ${parent}: ${error.message}`, {
        stage: "connect",
        host: this.#dialect.label,
        hint,
        cause: error,
      });
    }
    return path;
  }
}
