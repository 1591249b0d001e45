/* What ssh2 learns from the host and does not tell. */
import type { Client } from "ssh2";

/** Where ssh2 1.17.0, the version this package depends on, keeps what it does with messages; see its client.js. */
interface Internals {
  readonly _protocol?: { readonly _handlers?: Record<string, (...args: never) => void>; ping(): void };
  /** For the answers to global requests, in their order. */
  readonly _callbacks?: (() => void)[];
}

interface Listener {
  /** Also after a key of an agent, when ssh2 itself would only go on with the next. */
  refused(methods: readonly string[], partial: boolean): void;
  /** Signature algorithms that the host takes. */
  learned(algorithms: readonly string[]): void;
}

/**
 * Listens to refusals and extensions. ssh2 forgets what a host says after an agent's key (which methods are left, whether the key was a
 * first factor), and keeps `server-sig-algs` to itself. Returns false where its handlers are not found: what it tells its `authHandler` must do then.
 */
export function listen(client: Client, listener: Listener): boolean {
  // oxlint-disable-next-line no-underscore-dangle, typescript/no-unsafe-type-assertion -- names of ssh2's
  const handlers = (client as unknown as Internals)._protocol?._handlers;
  if (handlers === undefined) return false;
  before(handlers, "USERAUTH_FAILURE", (_protocol, methods, partial) => {
    if (Array.isArray(methods)) listener.refused(methods.map(String), partial === true);
  });
  before(handlers, "EXT_INFO", (_protocol, extensions) => {
    if (!Array.isArray(extensions)) return;
    for (const extension of extensions as { name?: unknown; algs?: unknown }[]) {
      if (extension.name !== "server-sig-algs" || !Array.isArray(extension.algs)) continue;
      listener.learned(extension.algs.map(String));
      // How RSA keys sign is chosen here. Where ssh2 knows of SHA-256, it puts that in the place of a chosen SHA-1.
      extension.algs = ["ssh-rsa"];
    }
  });
  return true;
}

/** Sends `keepalive@openssh.com`, which a host answers without a channel, and calls back with its answer. */
export function askForAnswer(client: Client, answered: () => void): void {
  // oxlint-disable-next-line no-underscore-dangle, typescript/no-unsafe-type-assertion -- names of ssh2's
  const { _protocol: protocol, _callbacks: callbacks } = client as unknown as Internals;
  if (protocol === undefined || callbacks === undefined) return answered();
  callbacks.push(answered);
  protocol.ping();
}

function before(handlers: Record<string, (...args: never) => void>, name: string, look: (...args: unknown[]) => void): void {
  const own = handlers[name] as ((...args: unknown[]) => void) | undefined;
  if (own === undefined) return;
  handlers[name] = (...args: unknown[]): void => {
    look(...args);
    own(...args);
  };
}
