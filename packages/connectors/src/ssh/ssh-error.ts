/* From what sockets and ssh2 throw to the codes of ConnectError. Total: whatever comes in, a ConnectError with a sensible code goes out. */
import { ConnectError, hostError, SremoteError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";

/** How far a connection had come. */
export type Phase =
  /** Making the TCP connection. */
  | "reach"
  /** Version and key exchange, host key. */
  | "handshake"
  /** The host is who it should be; credentials are being offered. */
  | "authenticate"
  /** Opening a channel or starting a command. */
  | "channel"
  /** Anything later. */
  | "open";

export interface ErrorPlace {
  phase: Phase;
  label: string;
}

type ConnectCode = Extract<
  Code,
  "connect-refused" | "connect-timeout" | "connect-failed" | "name-not-found" | "auth-failed" | "connection-lost" | "channel-failed"
>;

const ofErrno: Readonly<Record<string, ConnectCode>> = {
  ECONNREFUSED: "connect-refused",
  ENOTFOUND: "name-not-found",
  EAI_AGAIN: "name-not-found",
  EAI_NONAME: "name-not-found",
  EAI_NODATA: "name-not-found",
  ETIMEDOUT: "connect-timeout",
};

/** What it means that a phase did not succeed, when nothing better is known. */
const ofPhase: Readonly<Record<Phase, ConnectCode>> = {
  reach: "connect-failed",
  handshake: "connect-failed",
  authenticate: "connect-failed",
  channel: "channel-failed",
  open: "connection-lost",
};

/** Messages of ssh2 1.17, see its client.js, utils.js, Protocol.js and kex.js; the first that fits wins. */
const ofMessage: readonly (readonly [RegExp, ConnectCode])[] = [
  [/^All configured authentication methods failed/, "auth-failed"],
  [/too many authentication failures/i, "auth-failed"],
  [/^Timed out while waiting for handshake/, "connect-timeout"],
  [/^Keepalive timeout/, "connection-lost"],
  [/^No response from server|^Not connected|^Channel is not open/, "connection-lost"],
  [/^Connection lost before handshake/, "connect-failed"],
  [/Channel open failure|^Unable to exec|^No free channels/, "channel-failed"],
];

const algorithmHint = "the host and ssh2 share no algorithm; openssh() drives the system's ssh, which knows more of them";

export function sshError(error: unknown, place: ErrorPlace): ConnectError {
  if (error instanceof ConnectError) return error;
  const said = messageOf(error);
  const code = codeOf(error, said, place.phase);
  return new ConnectError(code, summaryOf(code, said, place.phase), {
    stage: "connect",
    host: place.label,
    hint: /no matching|unsupported algorithm/i.test(said) ? algorithmHint : undefined,
    cause: error instanceof SremoteError ? error : error instanceof Error ? hostError(error) : undefined,
  });
}

function codeOf(error: unknown, said: string, phase: Phase): ConnectCode {
  const known = ofMessage.find(([pattern]) => pattern.test(said))?.[1];
  if (known !== undefined) return known;
  const errno = errnoOf(error);
  // A reset or timeout of a link in use is a lost link, whatever the system calls it.
  if (phase !== "reach") return phase === "channel" && errno !== undefined ? "connection-lost" : ofPhase[phase];
  return (errno === undefined ? undefined : ofErrno[errno]) ?? ofPhase[phase];
}

function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (error instanceof SremoteError) return error.message;
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : "unknown failure";
}

const meaning: Readonly<Record<ConnectCode, string>> = {
  "connect-refused": "nothing listens at the address",
  "connect-timeout": "the host did not answer in time",
  "connect-failed": "the connection could not be made",
  "name-not-found": "the host name does not resolve",
  "auth-failed": "the host refused the credentials",
  "connection-lost": "the link to the host was lost",
  "channel-failed": "the host refused to start the command",
};

function summaryOf(code: ConnectCode, said: string, phase: Phase): string {
  const during = phase === "handshake" ? " during the SSH handshake" : phase === "authenticate" ? " during authentication" : "";
  return `${meaning[code]}${code === "connect-failed" ? during : ""}: ${said}`;
}
