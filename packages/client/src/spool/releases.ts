import type { Connector } from "@sremote/connectors";
import { debuglog } from "node:util";
import { hostLimits } from "@sremote/protocol";

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
  readonly #files = new Set<string>();

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  add(base: string, id: string): void {
    let ids = this.#ids.get(base);
    if (ids === undefined) this.#ids.set(base, (ids = new Set()));
    ids.add(id);
  }

  /** A file of ours on the host that may be there still when the client closes: a request that no endpoint took. */
  addFile(path: string): void {
    this.#files.add(path);
  }

  /** It is gone. */
  forgetFile(path: string): void {
    this.#files.delete(path);
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

  /** Removes what is left, in one round trip. A failure is no error of the caller's: the host sweeps. */
  async flush(): Promise<void> {
    const paths = [...this.#files, ...[...this.#ids].flatMap(([base, ids]) => [...ids].map((id) => `${base}/calls/${id}`))];
    this.#files.clear();
    this.#ids.clear();
    try {
      for (let at = 0; at < paths.length; at += most) {
        await this.#connector.exec(["rm", "-rf", "--", ...paths.slice(at, at + most)], {
          timeout: 3000,
          outputLimit: hostLimits.ownOutput,
        });
      }
    } catch (error) {
      debug("releasing %d replies on %s: %s", paths.length, this.#connector.label, error);
    }
  }
}
