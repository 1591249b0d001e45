import type { Connector } from "@sremote/connectors";
import { debuglog } from "node:util";

const debug = debuglog("sremote");
/** Beyond this many, a release gets a round trip of its own, so that a busy host's spool stays small. */
const most = 256;

/**
 * Replies that have arrived and may be removed from the host. They ride along with the next call; what is left goes when the client closes
 * (and, if that never happens, with the host's own sweep).
 */
export class Releases {
  readonly #connector: Connector;
  readonly #ids = new Map<string, Set<string>>();

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  add(base: string, id: string): void {
    let ids = this.#ids.get(base);
    if (ids === undefined) this.#ids.set(base, (ids = new Set()));
    ids.add(id);
  }

  /** The ids that a call to this base may carry. */
  take(base: string | undefined): string[] {
    const ids = base === undefined ? undefined : this.#ids.get(base);
    if (base === undefined || ids === undefined) return [];
    const taken = [...ids].slice(0, most);
    for (const id of taken) ids.delete(id);
    return taken;
  }

  /** Puts ids back whose call was not sent. */
  giveBack(base: string | undefined, ids: readonly string[]): void {
    if (base !== undefined) for (const id of ids) this.add(base, id);
  }

  /** Removes what is left, in one round trip per base. A failure is no error of the caller's: the host sweeps. */
  async flush(): Promise<void> {
    for (const [base, ids] of this.#ids) {
      this.#ids.delete(base);
      const paths = [...ids].map((id) => `${base}/calls/${id}`);
      if (paths.length === 0) continue;
      try {
        for (let at = 0; at < paths.length; at += most) {
          await this.#connector.exec(["rm", "-rf", "--", ...paths.slice(at, at + most)], { timeout: 30_000 });
        }
      } catch (error) {
        debug("releasing %d replies on %s: %s", paths.length, this.#connector.label, error);
      }
    }
  }
}
