/*
 * From what HTTP and undici say to our codes. Total: whatever comes in, an error with a sensible code goes out, and with it whether the
 * request can be sent again.
 */
import { ConnectError, SremoteError, TransferError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { errnoOf } from "../errno.ts";
import { tlsProblem } from "./tls-error.ts";

/** Whether a request may be repeated. `idempotent`: its fate is unknown. `always`: it was refused unseen. */
export type Repeat = "always" | "idempotent" | "never";

export interface Problem {
  readonly error: SremoteError;
  readonly repeat: Repeat;
  /** The credentials were refused; nothing was done. */
  readonly unauthorized?: boolean | undefined;
  /** Milliseconds that the service asked to wait. */
  readonly after?: number | undefined;
}

export interface Where {
  readonly host: string;
  readonly stage: string;
  /** Method and path. */
  readonly what: string;
  /** Whether it goes over TCP without TLS. */
  readonly isPlain?: boolean | undefined;
}

/** Statuses of the replies that errors were made of. */
const statuses = new WeakMap<SremoteError, number>();

/** The status with which the service answered; undefined when it did not answer, or the error is about something else. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof SremoteError ? statuses.get(error) : undefined;
}

/** Remembers the status of the reply that an error was made of. */
export function withStatus<E extends SremoteError>(error: E, status: number): E {
  statuses.set(error, status);
  return error;
}

interface Meaning {
  readonly code: Code;
  readonly repeat: Repeat;
}

const lost: Meaning = { code: "connection-lost", repeat: "idempotent" };

/** A server that cannot be reached at all was not sent anything. */
const ofErrno: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: { code: "connect-refused", repeat: "never" },
  ENOENT: { code: "connect-refused", repeat: "never" }, // a UNIX socket that is not there
  ENOTFOUND: { code: "name-not-found", repeat: "never" },
  EAI_AGAIN: { code: "name-not-found", repeat: "always" },
  EHOSTUNREACH: { code: "connect-failed", repeat: "never" },
  ENETUNREACH: { code: "connect-failed", repeat: "never" },
  EACCES: { code: "connect-failed", repeat: "never" },
  UND_ERR_CONNECT_TIMEOUT: { code: "connect-timeout", repeat: "always" },
  UND_ERR_INVALID_ARG: { code: "connect-failed", repeat: "never" },
  UND_ERR_HEADERS_OVERFLOW: { code: "limit-exceeded", repeat: "never" },
  UND_ERR_RES_EXCEEDED_MAX_SIZE: { code: "limit-exceeded", repeat: "never" },
};

/** What is answered is not HTTP: a TLS server's alert, for one. */
const notHttp = /^HPE_/;

/** What an exception of the HTTP client means. Its text is not repeated: only the system's name. */
export function networkProblem(thrown: unknown, where: Where): Problem {
  if (thrown instanceof SremoteError) return { error: thrown, repeat: thrown.code === "connection-lost" ? "idempotent" : "never" };
  const name = errnoOf(thrown) ?? errnoOf((thrown as Error | undefined)?.cause);
  const tls = tlsProblem(name);
  const isOther = name !== undefined && notHttp.test(name);
  const { code, repeat }: Meaning =
    tls !== undefined
      ? { code: "connect-failed", repeat: "never" }
      : isOther
        ? { code: "connection-lost", repeat: "never" }
        : (ofErrno[name ?? ""] ?? lost);
  const shown = name ?? "the exchange with the server failed";
  const what = tls === undefined ? (isOther ? `what the server answers is not HTTP (${shown})` : shown) : `${tls.summary} (${shown})`;
  // A TLS server that is spoken to in plain text answers with an alert, or hangs up.
  const mayBeTls = where.isPlain === true && (isOther || name === "UND_ERR_SOCKET" || name === "ECONNRESET");
  const hint = tls?.hint ?? (mayBeTls ? "if the server speaks TLS at this port, the URL must begin with `https:`" : undefined);
  return { error: new ConnectError(code, `${where.what}: ${what}`, { stage: where.stage, host: where.host, hint }), repeat };
}

/** What a status other than success means. @param said the beginning of the reply, without secrets */
export function statusProblem(status: number, said: string, where: Where, after: number | undefined): Problem {
  const { code, repeat } = meaningOf(status);
  const summary = `${where.what}: HTTP status ${status}${said === "" ? "" : `: ${said}`}`;
  const hint = status === 413 ? "smaller pieces may do: see the options `uploadLimit` and `downloadLimit`" : undefined;
  const options = { stage: where.stage, host: where.host, hint };
  const transfer = code === "no-such-file" || code === "disk-full" || code === "transfer-failed";
  const error = transfer ? new TransferError(code, summary, options) : new ConnectError(code, summary, options);
  return { error: withStatus(error, status), repeat, after, unauthorized: status === 401 || status === 403 };
}

function meaningOf(status: number): Meaning {
  if (status === 401 || status === 403 || status === 407) return { code: "auth-failed", repeat: "never" };
  if (status === 404 || status === 410) return { code: "no-such-file", repeat: "never" };
  // Too many requests: refused before anything was done (RFC 6585, 4). 425: the server is unwilling to process it at all (RFC 8470).
  if (status === 429 || status === 425) return { code: "channel-failed", repeat: "always" };
  if (status === 413) return { code: "transfer-failed", repeat: "never" };
  if (status === 507) return { code: "disk-full", repeat: "never" };
  if (status === 501 || status === 505) return { code: "unsupported", repeat: "never" };
  // 408 and 5xx leave open whether it was done: a gateway may have given up on a server that did it.
  if (status === 408 || status >= 500) return lost;
  if (status >= 300 && status < 400) return { code: "connect-failed", repeat: "never" };
  return { code: "channel-failed", repeat: "never" };
}
