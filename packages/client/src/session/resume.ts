/* Takes a session up again on a new link: SESSION.md, sections "Losing the link" and "Proof". */
import { backOff, pause } from "@sremote/connectors";
import { randomBytes } from "node:crypto";
import {
  type ChallengeMessage,
  ConnectError,
  decodeSessionMessage,
  encodePacket,
  encodeSessionMessage,
  packetKinds,
  ProtocolError,
  type Receipt,
  SremoteError,
  type WelcomeMessage,
} from "@sremote/protocol";
import { attachCommand } from "../host/launch.ts";
import { lastLines, newMarker, parseFacts } from "../host/marker.ts";
import { type Link, type LinkEnd, type LinkEvents, openLink } from "./link.ts";
import { isSupervisor, proveClient } from "./proof.ts";
import type { SessionOptions } from "./options.ts";

export interface Resumed {
  link: Link;
  /** Counted packets that the host has received. */
  received: number;
  /** Gives over everything that comes. */
  adopt(events: LinkEvents): void;
}

/**
 * How long one attempt may take until the host has answered, in milliseconds: short enough for three within the lease. A connector may go on using
 * a connection that is dead, and finds that out by the first.
 */
const longestAttempt = 20_000;
const shortestAttempt = 1000;
const firstPause = 100;
const longestPause = 3000;

/** Codes of errors that another attempt would meet again. */
const final = new Set(["host-key-unknown", "host-key-changed", "host-key-revoked", "auth-failed", "closed", "object-lost"]);

/**
 * Tries until the host's lease must be over.
 * @throws SremoteError why not: the last attempt's error, or `outcome-unknown` when the supervisor is gone
 */
export async function resume(welcome: WelcomeMessage, options: SessionOptions, receipt: Receipt, signal: AbortSignal): Promise<Resumed> {
  const until = performance.now() + options.lease;
  let last: unknown;
  for (let number = 1; ; number += 1) {
    const left = until - performance.now();
    if (left <= 0) break;
    const timeout = Math.max(shortestAttempt, Math.min(longestAttempt, options.lease / 3));
    const attempt = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(Math.min(timeout, left)))]);
    try {
      return await attach(welcome, options, receipt, attempt);
    } catch (error) {
      if (signal.aborted || error instanceof SupervisorGone) throw error;
      if (error instanceof SremoteError && final.has(error.code)) throw error;
      last = error;
    }
    await pause(Math.min(backOff(number, firstPause, longestPause, "none"), Math.max(0, until - performance.now())), signal);
  }
  const host = options.connector.label;
  throw new ConnectError("connection-lost", `the link was lost and could not be restored within ${options.lease} ms`, {
    stage: "call",
    host,
    cause: last,
  });
}

/** The host was reached, and the supervisor does not serve the session there any more. */
class SupervisorGone extends SremoteError {}

async function attach(welcome: WelcomeMessage, options: SessionOptions, receipt: Receipt, signal: AbortSignal): Promise<Resumed> {
  const marker = newMarker();
  const nonce = randomBytes(32).toString("hex");
  const { promise, resolve, reject } = Promise.withResolvers<ChallengeMessage>();
  promise.catch(() => undefined);
  let adopted: LinkEvents | undefined;
  let isAnswered = false;
  let end: LinkEnd | undefined;
  const events: LinkEvents = {
    packet: (packet) => {
      if (adopted !== undefined) return adopted.packet(packet);
      // Nothing is believed, and nothing is kept, before the other end has proved that it is the supervisor.
      if (isAnswered || packet.kind !== packetKinds.challenge) {
        throw new ProtocolError("protocol-error", "the host sent something other than its proof on a new link");
      }
      isAnswered = true;
      const challenge = decodeSessionMessage(packet.payload, "challenge");
      if (isSupervisor(options.token, nonce, challenge)) resolve(challenge);
      else reject(impostorError(options));
    },
    heard: () => adopted?.heard(),
    drained: () => adopted?.drained(),
    lost: (how) => {
      end = how;
      if (adopted === undefined) reject(attachError(how, options));
      else adopted.lost(how);
    },
  };
  const message = encodeSessionMessage({ type: "resume", nonce });
  const link = await openLink({
    connector: options.connector,
    command: attachCommand(welcome, marker),
    marker,
    first: encodePacket(packetKinds.resume, 0, [message]),
    signal,
    events,
  });
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    const challenge = await promise;
    const proof = encodeSessionMessage(proveClient(options.token, nonce, challenge, receipt.tell()));
    link.write(encodePacket(packetKinds.proof, 0, [proof]));
    return {
      link,
      received: challenge.received,
      adopt: (to) => {
        adopted = to;
        if (end !== undefined) to.lost(end);
      },
    };
  } catch (error) {
    link.abandon();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function attachError(end: LinkEnd, options: SessionOptions): SremoteError {
  const host = options.connector.label;
  if (end.missing !== undefined) {
    const detail = parseFacts(Buffer.from(end.missing).toString("utf8")).get("detail")?.[0];
    const why = detail === undefined ? "" : `: ${lastLines(Buffer.from(detail), 1).slice(0, 300)}`;
    return new SupervisorGone("outcome-unknown", `the host's side of the session has ended${why}`, { stage: "call", host });
  }
  return SremoteError.from(
    end.error ?? new Error(`attaching ended with ${end.exitCode ?? end.signal ?? "no exit status"}`),
    "connection-lost",
    {
      stage: "call",
      host,
    },
  );
}

function impostorError(options: SessionOptions): SremoteError {
  const message = "the program that answered on the host could not prove that it is the session's supervisor";
  return new SupervisorGone("outcome-unknown", message, {
    stage: "call",
    host: options.connector.label,
    hint: "nothing was sent to it; if this happens again, another user may be impersonating your session: tell the host's administrator",
  });
}
