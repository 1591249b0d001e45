/* From a byte stream to an authenticated connection. */
import type { Duplex } from "node:stream";
import { ConnectError } from "@sremote/protocol";
import ssh2 from "ssh2";
import type { AnyAuthMethod, AuthHandlerMiddleware, Client, ConnectConfig } from "ssh2";
import { errnoOf } from "../errno.ts";
import type { AlgorithmKind } from "./algorithm-options.ts";
import { explainMismatch } from "./algorithms.ts";
import { AuthenticationDialog } from "./authentication.ts";
import type { AgentListener, Credentials } from "./credentials.ts";
import { HostOffer } from "./host-offer.ts";
import { limitHost } from "./host-limits.ts";
import type { HostVerifier } from "./host-verifier.ts";
import { prepareKeys } from "./prepared-keys.ts";
import { reasonOf } from "./abort.ts";
import type { Settings } from "./settings.ts";
import type { Phase } from "./ssh-error.ts";
import { sshError } from "./ssh-error.ts";
import { listen } from "./ssh2-hooks.ts";

export interface HandshakeFailure {
  error: Error;
  /** What the host said before its SSH version, such as `Exceeded MaxStartups`. */
  greeting: string;
  /** True when the host ended the connection before any key was exchanged: nothing was offered, so trying again is safe. */
  dropped: boolean;
}

/** `isSingle`: the host serves one channel for each connection. */
export type HandshakeResult = { client: Client; isSingle: boolean } | HandshakeFailure;

const singleChannel = /^SSH-2\.0-tinyssh/;

/**
 * Resolves however it ends; the socket is destroyed unless it succeeded.
 *
 * @param during called with what people or agents are waited for, which is no time of the host's
 */
export function shakeHands(
  socket: Duplex,
  settings: Settings,
  credentials: Credentials,
  verifier: HostVerifier,
  signal: AbortSignal,
  during: AgentListener["during"],
): Promise<HandshakeResult> {
  const { label } = settings;
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const dialog = new AuthenticationDialog(credentials, settings.username, during);
    const offer = new HostOffer();
    let phase: Phase = "handshake";
    let settled = false;
    const fail = (error: Error, dropped = false): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener("abort", abort);
      client.destroy();
      socket.destroy();
      resolve({ error: withBanner(error, dialog.banner), greeting: offer.greeting, dropped });
    };
    const abort = (): void => fail(duringPhase(reasonOf(signal), phase));
    signal.addEventListener("abort", abort, { once: true });
    client.on("handshake", () => {
      phase = "authenticate";
      verifier.record();
    });
    client.on("banner", (text) => dialog.said(text));
    client.on("error", (error: Error & { level?: string }) => {
      if (settled) return;
      if (verifier.refusal !== undefined) return fail(verifier.refusal);
      if (dialog.failed) return fail(dialog.error(label));
      // An agent or key that cannot sign is passed over; ssh2 goes on with the next.
      if (phase === "authenticate" && (error.level === "agent" || error.level === "client-authentication")) return;
      if (phase === "authenticate" && /authentication failures/i.test(error.message)) return fail(dialog.error(label, error.message));
      const mismatch = phase === "handshake" ? noCommonAlgorithm(error, offer, settings) : undefined;
      fail(mismatch ?? sshError(error, { phase, label }), phase === "handshake" && isDrop(error));
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
      client.removeAllListeners("banner");
      prepareKeys(client);
      resolve({ client, isSingle: singleChannel.test(offer.version) });
    });
    // Asked again after each answer; when the connection has ended meanwhile, nothing is sent any more.
    let hears = false;
    const choose: Choose = async (left, partial, next) => {
      try {
        if (!hears && left !== null) dialog.refused(left, partial === true);
        const attempt = await dialog.next();
        if (!settled) next(attempt);
      } catch (error) {
        fail(sshError(error, { phase, label }));
      }
    };
    try {
      client.connect(configure(socket, settings, choose, verifier));
      limitHost(client, socket, label);
    } catch (error) {
      fail(sshError(error, { phase, label }));
      return;
    }
    hears = listen(client, dialog);
    socket.on("data", function look(chunk: Buffer) {
      if (!offer.take(chunk)) socket.removeListener("data", look);
    });
  });
}

type Choose = (left: readonly string[] | null, partial: boolean | null, next: (attempt: AnyAuthMethod | false) => void) => Promise<void>;

function configure(socket: Duplex, settings: Settings, choose: Choose, verifier: HostVerifier): ConnectConfig {
  const { credentials, algorithms } = settings;
  return {
    sock: socket,
    username: settings.username,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types know no `false`, which ends the dialog
    authHandler: ((left, partial, next) =>
      void choose(left, partial, next as (attempt: AnyAuthMethod | false) => void)) satisfies AuthHandlerMiddleware,
    hostVerifier: verifier.verify,
    algorithms: {
      serverHostKey: verifier.algorithms(),
      cipher: [...algorithms.cipher],
      kex: [...algorithms.keyExchange],
      hmac: [...algorithms.mac],
      // Never compressed: a packet of 35,000 bytes would become 35 MB before anything could be counted.
      compress: ["none"],
    },
    keepaliveInterval: settings.keepaliveInterval,
    keepaliveCountMax: settings.keepaliveCountMax,
    // The deadline is ours, by the signal.
    readyTimeout: 0,
    ...(settings.forwardAgent && credentials.agent !== undefined ? { agent: credentials.agent, agentForward: true } : {}),
  };
}

/** ssh2's words for what does not fit; see its kex.js. */
const mismatches: readonly (readonly [RegExp, AlgorithmKind])[] = [
  [/no matching key exchange/i, "keyExchange"],
  [/no matching host key/i, "hostKey"],
  [/no matching .* cipher/i, "cipher"],
  [/no matching .* MAC/i, "mac"],
];

function noCommonAlgorithm(error: Error, offer: HostOffer, { algorithms, label }: Settings): ConnectError | undefined {
  const kind = mismatches.find(([pattern]) => pattern.test(error.message))?.[1];
  const theirs = kind === undefined ? undefined : offer.lists()?.[kind];
  if (kind === undefined || theirs === undefined) return undefined;
  const { summary, hint } = explainMismatch(kind, theirs, algorithms[kind]);
  return new ConnectError("connect-failed", summary, { stage: "connect", host: label, hint, cause: error });
}

/** A deadline that passes during authentication may have been a person's or another system's, not the host's. */
function duringPhase(reason: Error, phase: Phase): Error {
  if (!(reason instanceof ConnectError) || reason.code !== "connect-timeout" || phase !== "authenticate") return reason;
  return new ConnectError("connect-timeout", `${reason.message} during authentication`, {
    stage: "connect",
    host: reason.host,
    hint: "if a person has to confirm the login (on a phone, in a browser), raise connectTimeout",
  });
}

/** What the host said for people may be the reason. */
function withBanner(error: Error, banner: string): Error {
  if (banner === "" || !(error instanceof ConnectError) || error.lastLines !== undefined) return error;
  const { code, message, stage, host, hint, cause } = error;
  return new ConnectError(code, message, { stage: stage ?? "connect", host, hint, cause, lastLines: banner });
}

function isDrop(error: Error): boolean {
  if (error instanceof ConnectError) return false;
  const code = errnoOf(error);
  return code === "ECONNRESET" || code === "EPIPE" || error.message.startsWith("Connection lost before handshake");
}
