import { decodeRoute } from "@sremote/protocol";
import type { ParsedRoute } from "./call.ts";

/** How many routes are remembered: a client has few, unless it makes one up for each call. */
const mostRoutes = 256;

/** Parses each route once: equal ones are equal bytes. */
export class RouteReader {
  readonly #known: Map<string, ParsedRoute> = new Map();

  /** @throws ProtocolError */
  read(bytes: Uint8Array): ParsedRoute {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    let parsed = this.#known.get(text);
    if (parsed === undefined) {
      const route = decodeRoute(bytes);
      const { env, path, cwd, tmp, loginEnv, code } = route;
      parsed = { route, environment: JSON.stringify([env ?? [], path ?? [], cwd ?? null, tmp ?? null, loginEnv ?? false, code ?? []]) };
      if (this.#known.size >= mostRoutes) this.#known.clear();
      this.#known.set(text, parsed);
    }
    return parsed;
  }
}
