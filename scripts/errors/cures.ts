/* Why each error happens, and what to do about it. docs/errors.md is made of this and of the texts in the sources. */
import type { Code } from "../../packages/protocol/src/index.ts";

export interface Explanation {
  readonly cause: string;
  readonly cure: string;
  /** Texts that no source has as a whole, as what they are made of comes from the host. */
  readonly texts?: readonly string[];
}

export const explanations: Readonly<Record<Code, Explanation>> = {
  "invalid-argument": {
    cause: "An argument of a public function is wrong. Nothing was sent.",
    cure: "The message names the argument, what it must be, and what it was. Correct it.",
  },
  "unserializable-argument": {
    cause: "An argument holds a value that cannot travel, such as a function within a list, a class instance or a cycle.",
    cure: "The message says where the value is. Send plain data, or give the client a serializer that knows the class.",
  },
  unsupported: {
    cause: "The connector, this machine or the host cannot do what was asked.",
    cure: "Use what the hint names: another connector, another option, or a package to install on the host.",
  },
  closed: {
    cause: "The client, connector, fleet or process was closed, perhaps while the operation ran.",
    cure: "Close it only after everything was awaited. Inside `await using`, write `return await`, not `return`.",
  },
  "connect-refused": {
    cause: "Nothing listens at the address and port.",
    cure: "Check the host, the port and a firewall. Start the SSH server or the service.",
  },
  "connect-timeout": {
    cause: "The host did not answer in time.",
    cure: "Check the address and the network. For a slow host, raise the timeout that the message or the hint names.",
  },
  "connect-failed": {
    cause: "The connection could not be made for a reason that has no code of its own.",
    cure: "The message quotes the reason. Try the same with `ssh -v`, or with the service's own client.",
  },
  "name-not-found": {
    cause: "The host name does not resolve.",
    cure: "Check the spelling, DNS and VPN. Names of ssh_config count only if ssh_config is read.",
  },
  "host-key-unknown": {
    cause: "No known_hosts file has a key of this host.",
    cure: "Compare the fingerprint with the administrator's, then add the key, or pass `hostKey`.",
  },
  "host-key-changed": {
    cause: "The host shows another key than the known one. It was set up anew, or someone is in between.",
    cure: "Ask the administrator before you remove the old key with `ssh-keygen -R`.",
  },
  "host-key-revoked": {
    cause: "A known_hosts file marks this key as revoked.",
    cure: "Do not connect. Ask the administrator for the host's new key.",
  },
  "auth-failed": {
    cause: "The host or service refused the credentials, or a key cannot be read.",
    cure: "The message says what was tried and what the host offers. Check user, key, passphrase, agent and token.",
  },
  "connection-lost": {
    cause: "The link ended while it was in use.",
    cure: "Try again. If it happens often, check the network and the keepalive options. A call may have run: see `outcome`.",
  },
  "channel-failed": {
    cause: "The host refused to open a channel, or its shell did not start the command.",
    cure: "Look for start-up files that read input or end the shell, and for MaxSessions in the server's configuration.",
  },
  "transfer-failed": {
    cause: "A file did not arrive whole. What was at its destination before is unchanged.",
    cure: "Copy it again. If the file changes all the time, copy a snapshot of it, or set `growing`.",
  },
  "no-such-file": {
    cause: "The path does not exist.",
    cure: "Check the path. On the host, relative paths begin in the working directory.",
  },
  "permission-denied": {
    cause: "This user may not use the path, or may not end the process.",
    cure: "Change owner or mode, or connect as another user.",
    texts: ["{what}: permission denied"],
  },
  "not-a-file": {
    cause: "The path is a directory, a device or a socket.",
    cure: "Name a regular file, or copy the whole tree.",
  },
  "disk-full": {
    cause: "The file system is full, or a quota is used up.",
    cure: "Free space, or name a directory on another file system.",
  },
  "not-setup": {
    cause: "The endpoint is not installed, and `autoInstall` is false.",
    cure: "Call `client.bootstrapInstall()` once, or leave `autoInstall` on.",
  },
  "interpreter-missing": {
    cause: "The host has no Python 3.6 or Node 18, or not where it was looked for.",
    cure: "Install it, or name its path with the client's option `python` or `node`.",
  },
  "no-writable-directory": {
    cause: "No directory on the host can hold the endpoint. The message says why for each.",
    cure: "Name one with `client.setSremoteDir(path)`.",
  },
  "unsafe-directory": {
    cause: "A directory of sremote belongs to another user, or others may write to it.",
    cure: "Remove it, set its mode to 0700, or name another directory with `client.setSremoteDir(path)`.",
  },
  "endpoint-broken": {
    cause: "The endpoint did not start, or did not answer as it should.",
    cure: "`sremote doctor HOST` shows what the host has. Look at variables and start-up files that break the interpreter.",
  },
  "install-failed": {
    cause: "pip, npm or git failed on the host.",
    cure: "The last lines say why. Without internet on the host, give wheels, packages or a repository by path.",
  },
  "code-missing": {
    cause:
      "The host lacks shipped code that a call needs. The client sends it and repeats the call, so that this is seen only if the host loses it again and again.",
    cure: "See whether something removes files from the directory `code` in the endpoint's directory on the host.",
  },
  "code-invalid": {
    cause: "A file of shipped code does not compile for the host's interpreter. Nothing ran.",
    cure: "The message has the file and the line. Leave out what is no code for this interpreter with `exclude`.",
  },
  "code-edited": {
    cause:
      "Modules in the working directory of the call were edited on the host since a process had loaded them. The client repeats the call in a new process, so that this is seen only if they change all the time.",
    cure: "Call again when nothing writes to these modules.",
  },
  "module-not-found": {
    cause: "The host has no such module.",
    cure: "Install it with `installPackages()`, or set `cwd` to the directory that has it.",
  },
  "function-not-found": {
    cause: "The module has no such function, or the name is that of a value.",
    cure: "The message lists near names. Read constants with `client.constant()`.",
  },
  "bad-arguments": {
    cause: "The function does not take these arguments.",
    cure: "Compare with the signature in the message. Keyword arguments go into `kwargs`.",
  },
  raised: {
    cause: "The function raised an exception.",
    cure: "`error.details` has the remote traceback, `error.remote` its type, message and frames.",
    texts: ["{module}.{function} raised {type}: {message}"],
  },
  "unserializable-result": {
    cause: "The function ran, but returned something that cannot travel.",
    cure: 'Return plain data, or keep the result on the host with `returns: "object"`.',
    texts: ["{module}.{function} ran, but its result cannot be sent: {path}: {reason}"],
  },
  exited: {
    cause: "The function ended its process, as with sys.exit or process.exit.",
    cure: "Return instead. `error.exitCode` has the status.",
  },
  killed: {
    cause: "A signal ended the function's process.",
    cure: "`error.signal` names it. Look for crashes of native code, and for limits of the host.",
  },
  "out-of-memory": {
    cause: "The system or a limit ended the process for lack of memory.",
    cure: "Use less memory, fewer workers, or a larger limit.",
  },
  timeout: {
    cause: "A deadline passed.",
    cure: "Raise the timeout, or make the work shorter. `error.outcome` says whether the function may have run.",
  },
  cancelled: {
    cause: "The caller cancelled: a signal was aborted, or a handler of output threw.",
    cure: "Nothing, if it was meant. `error.outcome` says whether the function may have run.",
  },
  "module-missing": {
    cause: "A module registered with `registerRemoteModule` is not installed on the host.",
    cure: "Install it with `installPackages()` or `installGitModule()`.",
  },
  "module-version": {
    cause: "A registered module has another version on the host.",
    cure: "Install the registered version, or register the one that is there.",
  },
  "call-conflict": {
    cause: "The call id was used before, for another call.",
    cure: "Give each call an id of its own. Repeat an id only with the same function and arguments.",
  },
  "object-lost": {
    cause: "An object on the host was released, its timeout passed, or its process ended.",
    cure: "Make the object again. Give it a longer `objectTimeout`, or none.",
  },
  "dependency-failed": {
    cause: "An argument is the result of another call, and that call failed.",
    cure: "`error.cause` is the error of that call.",
  },
  "outcome-unknown": {
    cause: "The link was lost, and the call may have run.",
    cure: "Repeat it with the same `id`: it returns the result if there is one, and never runs twice.",
  },
  "protocol-error": {
    cause: "The other side sent bytes that are no message, or the service a reply that is none.",
    cure: "Look for programs that write to the link, such as start-up files. If there are none, report it.",
  },
  "protocol-mismatch": {
    cause: "The two sides speak different versions of the protocol.",
    cure: "Update the older side. A client of this version installs the endpoint that fits.",
  },
  "limit-exceeded": {
    cause: "A stated limit was passed.",
    cure: "Send or copy less at once, or raise the limit if the hint names an option. docs/security.md lists all limits.",
  },
};
