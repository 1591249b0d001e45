/* From a byte stream to an authenticated connection. */
import type { Duplex } from "node:stream";
import { ConnectError } from "@sremote/protocol";
import ssh2 from "ssh2";
import type { AnyAuthMethod, AuthHandlerMiddleware, Client, ConnectConfig } from "ssh2";
import { errnoOf } from "../errno.ts";
import { allowedCiphers, allowedKeyExchanges } from "./algorithms.ts";
import type { Credentials } from "./authentication.ts";
import { AuthenticationDialog } from "./authentication.ts";
import type { HostVerifier } from "./host-verifier.ts";
import { prepareKeys } from "./prepared-keys.ts";
import { reasonOf } from "./abort.ts";
import type { Settings } from "./settings.ts";
import type { Phase } from "./ssh-error.ts";
import { sshError } from "./ssh-error.ts";

export interface HandshakeFailure {
  error: Error;
  /** What the host said before its SSH version, such as `Exceeded MaxStartups`. */
  greeting: string;
  /** True when the host ended the connection before any key was exchanged: nothing was offered, so trying again is safe. */
  dropped: boolean;
}

export type HandshakeResult = { client: Client } | HandshakeFailure;

/** Resolves however it ends; the socket is destroyed unless it succeeded. */
export function shakeHands(
  socket: Duplex,
  settings: Settings,
  credentials: Credentials,
  verifier: HostVerifier,
  signal: AbortSignal,
): Promise<HandshakeResult> {
  const { label } = settings;
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const dialog = new AuthenticationDialog(credentials, settings.username);
    let phase: Phase = "handshake";
    let greeting = "";
    let settled = false;
    const fail = (error: Error, dropped = false): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener("abort", abort);
      client.destroy();
      socket.destroy();
      resolve({ error, greeting, dropped });
    };
    const abort = (): void => fail(reasonOf(signal));
    signal.addEventListener("abort", abort, { once: true });
    client.on("handshake", () => {
      phase = "authenticate";
      verifier.record();
    });
    client.on("error", (error: Error & { level?: string }) => {
      if (settled) return;
      if (verifier.refusal !== undefined) return fail(verifier.refusal);
      if (dialog.failed) return fail(dialog.error(label));
      // An agent or key that cannot sign is passed over; ssh2 goes on with the next.
      if (phase === "authenticate" && (error.level === "agent" || error.level === "client-authentication")) return;
      if (phase === "authenticate" && /authentication failures/i.test(error.message)) return fail(dialog.error(label, error.message));
      fail(sshError(error, { phase, label }), phase === "handshake" && isDrop(error));
    });
    client.on("close", () => {
      if (verifier.refusal !== undefined) return fail(verifier.refusal);
      fail(sshError(new Error("the host closed the connection"), { phase, label }), phase === "handshake");
    });
    client.on("change password", () => fail(dialog.error(label, "the host wants the password to be changed first")));
    client.once("ready", () => {
      if (settled) return;
      settled = true;
      signal.removeEventListener("abort", abort);
      client.removeAllListeners("close");
      prepareKeys(client);
      resolve({ client });
    });
    try {
      client.connect(configure(socket, settings, dialog, verifier));
    } catch (error) {
      fail(sshError(error, { phase, label }));
      return;
    }
    socket.on("data", function listen(chunk: Buffer) {
      greeting += chunk.toString("latin1", 0, 256);
      if (greeting.length >= 256 || greeting.includes("SSH-")) socket.removeListener("data", listen);
    });
  });
}

function configure(socket: Duplex, settings: Settings, dialog: AuthenticationDialog, verifier: HostVerifier): ConnectConfig {
  const { label, credentials } = settings;
  const cipher = allowedCiphers(settings.ciphers, label);
  const kex = allowedKeyExchanges(settings.keyExchange, label);
  return {
    sock: socket,
    username: settings.username,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types know no `false`, which ends the dialog
    authHandler: ((left, _partial, next) => next(dialog.next(left) as AnyAuthMethod)) satisfies AuthHandlerMiddleware,
    hostVerifier: verifier.verify,
    algorithms: {
      serverHostKey: verifier.algorithms(),
      ...(cipher === undefined ? {} : { cipher }),
      ...(kex === undefined ? {} : { kex }),
    },
    keepaliveInterval: settings.keepaliveInterval,
    keepaliveCountMax: settings.keepaliveCountMax,
    // The deadline is ours, by the signal.
    readyTimeout: 0,
    ...(settings.forwardAgent && credentials.agent !== undefined ? { agent: credentials.agent, agentForward: true } : {}),
  };
}

function isDrop(error: Error): boolean {
  if (error instanceof ConnectError) return false;
  const code = errnoOf(error);
  return code === "ECONNRESET" || code === "EPIPE" || error.message.startsWith("Connection lost before handshake");
}
