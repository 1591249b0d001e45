/**
 * The closed list of error codes. A program may switch on them; new ones come only with a minor version. Apart from what they mean, since an endpoint
 * needs the names only.
 */
export const codeNames = [
  // Before anything was sent
  "invalid-argument",
  "unserializable-argument",
  "unsupported",
  "closed",
  // Reaching the host
  "connect-refused",
  "connect-timeout",
  "connect-failed",
  "name-not-found",
  "host-key-unknown",
  "host-key-changed",
  "host-key-revoked",
  "auth-failed",
  "connection-lost",
  "channel-failed",
  // Transfers
  "transfer-failed",
  "no-such-file",
  "permission-denied",
  "not-a-file",
  "disk-full",
  // Deployment
  "not-setup",
  "interpreter-missing",
  "no-writable-directory",
  "unsafe-directory",
  "endpoint-broken",
  "install-failed",
  // Calls
  "code-missing",
  "code-invalid",
  "code-edited",
  "module-not-found",
  "function-not-found",
  "bad-arguments",
  "raised",
  "unserializable-result",
  "exited",
  "killed",
  "out-of-memory",
  "timeout",
  "cancelled",
  "module-missing",
  "module-version",
  "call-conflict",
  "object-lost",
  "dependency-failed",
  "outcome-unknown",
  // Wire
  "protocol-error",
  "protocol-mismatch",
  "limit-exceeded",
] as const;

export type Code = (typeof codeNames)[number];

/** One line each on what happened; docs/errors.md says of each the cause, the cure and the texts. */
export const codes: Readonly<Record<Code, string>> = {
  // Before anything was sent
  "invalid-argument": "an argument of a public function is wrong",
  "unserializable-argument": "an argument of a call cannot travel",
  unsupported: "the connector or runtime cannot do this",
  closed: "the client or connector was closed",
  // Reaching the host
  "connect-refused": "nothing listens at the address",
  "connect-timeout": "no answer within the deadline",
  "connect-failed": "the connection could not be made",
  "name-not-found": "the host name does not resolve",
  "host-key-unknown": "the host's key is not among the known ones",
  "host-key-changed": "the host shows another key than the known one",
  "host-key-revoked": "the host's key is marked as revoked",
  "auth-failed": "the host refused the credentials",
  "connection-lost": "the link ended while it was in use",
  "channel-failed": "the host refused to open a channel or to start the command",
  // Transfers
  "transfer-failed": "a file did not arrive whole",
  "no-such-file": "the path does not exist",
  "permission-denied": "the path may not be used by this user",
  "not-a-file": "the path is not a regular file",
  "disk-full": "no space or quota is left",
  // Deployment
  "not-setup": "no endpoint is installed and installing was not allowed",
  "interpreter-missing": "no usable interpreter was found",
  "no-writable-directory": "no directory is fit to hold the endpoint",
  "unsafe-directory": "a directory of ours belongs to another user or is open to others",
  "endpoint-broken": "the endpoint did not answer as it should",
  "install-failed": "an installation on the host failed",
  // Calls
  "code-missing": "the host lacks shipped code",
  "code-invalid": "shipped code does not compile",
  "code-edited": "modules on the host were edited since they were loaded",
  "module-not-found": "the module does not exist on the host",
  "function-not-found": "the module has no such function",
  "bad-arguments": "the function does not take these arguments",
  raised: "the function raised",
  "unserializable-result": "the function returned something that cannot travel",
  exited: "the function ended its process",
  killed: "the function's process was ended by a signal",
  "out-of-memory": "the function's process was ended for lack of memory",
  timeout: "a deadline passed",
  cancelled: "the caller cancelled",
  "module-missing": "a registered module is not installed on the host",
  "module-version": "a registered module has another version on the host",
  "call-conflict": "the call id was used for another request",
  "object-lost": "a kept object was released, or its process has ended",
  "dependency-failed": "an argument is the result of a call that gave no value",
  "outcome-unknown": "whether the call ran cannot be known",
  // Wire
  "protocol-error": "bytes that are not a message",
  "protocol-mismatch": "the other side speaks another version",
  "limit-exceeded": "a stated limit was passed",
};
