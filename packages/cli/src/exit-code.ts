/* Exit statuses of the command. docs/command-line-output.md holds the same table; a test compares them. */
import { type Code, SremoteError } from "@sremote/protocol";

export const exitCodes: {
  readonly value: 0;
  readonly raised: 1;
  readonly usage: 2;
  readonly notFound: 3;
  readonly notSetup: 4;
  readonly connection: 5;
  readonly refused: 6;
  readonly timeout: 7;
  readonly killed: 8;
  readonly modules: 9;
  readonly transfer: 10;
  readonly protocol: 11;
  readonly unknown: 12;
  readonly internal: 70;
  readonly cancelled: 130;
  readonly brokenPipe: 141;
  readonly noCommand: 255;
} = {
  value: 0,
  raised: 1,
  usage: 2,
  notFound: 3,
  notSetup: 4,
  connection: 5,
  refused: 6,
  timeout: 7,
  killed: 8,
  modules: 9,
  transfer: 10,
  protocol: 11,
  unknown: 12,
  /** A bug in this command: EX_SOFTWARE of sysexits.h. */
  internal: 70,
  /** 128 + SIGINT, as shells have it. */
  cancelled: 130,
  /** 128 + SIGPIPE. */
  brokenPipe: 141,
  /** Of `exec`, whose other statuses are the command's own: as ssh(1). */
  noCommand: 255,
};

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The exit status for each error code; total, so that a new code does not compile until it has a place here. */
export const exitCodeOf: Readonly<Record<Code, ExitCode>> = {
  "invalid-argument": exitCodes.usage,
  "unserializable-argument": exitCodes.usage,
  "bad-arguments": exitCodes.usage,
  unsupported: exitCodes.usage,
  closed: exitCodes.cancelled,
  "connect-refused": exitCodes.connection,
  "connect-timeout": exitCodes.connection,
  "connect-failed": exitCodes.connection,
  "name-not-found": exitCodes.connection,
  "connection-lost": exitCodes.connection,
  "channel-failed": exitCodes.connection,
  "host-key-unknown": exitCodes.refused,
  "host-key-changed": exitCodes.refused,
  "host-key-revoked": exitCodes.refused,
  "auth-failed": exitCodes.refused,
  "transfer-failed": exitCodes.transfer,
  "no-such-file": exitCodes.transfer,
  "permission-denied": exitCodes.transfer,
  "not-a-file": exitCodes.transfer,
  "disk-full": exitCodes.transfer,
  "not-setup": exitCodes.notSetup,
  "interpreter-missing": exitCodes.notSetup,
  "no-writable-directory": exitCodes.notSetup,
  "unsafe-directory": exitCodes.notSetup,
  "endpoint-broken": exitCodes.notSetup,
  "install-failed": exitCodes.modules,
  "code-missing": exitCodes.modules,
  "code-invalid": exitCodes.modules,
  "code-edited": exitCodes.modules,
  "module-missing": exitCodes.modules,
  "module-version": exitCodes.modules,
  "module-not-found": exitCodes.notFound,
  "function-not-found": exitCodes.notFound,
  raised: exitCodes.raised,
  "unserializable-result": exitCodes.raised,
  exited: exitCodes.killed,
  killed: exitCodes.killed,
  "out-of-memory": exitCodes.killed,
  timeout: exitCodes.timeout,
  cancelled: exitCodes.cancelled,
  "call-conflict": exitCodes.protocol,
  "protocol-error": exitCodes.protocol,
  "protocol-mismatch": exitCodes.protocol,
  "limit-exceeded": exitCodes.protocol,
  "object-lost": exitCodes.notFound,
  "dependency-failed": exitCodes.raised,
  "outcome-unknown": exitCodes.unknown,
};

export function exitCodeFor(error: unknown): ExitCode {
  return error instanceof SremoteError ? exitCodeOf[error.code] : exitCodes.internal;
}
