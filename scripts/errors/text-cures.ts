/* Texts whose cause or cure is another than their code's. */
import type { Code } from "../../packages/protocol/src/index.ts";

/** What to know of an error, by its text as docs/errors.md has it. */
export const textCures: Partial<Readonly<Record<Code, Readonly<Record<string, string>>>>> = {
  "invalid-argument": {
    "call cannot be iterated: the function returned no generator or iterator":
      "`for await` over a call takes the items of a generator. Await the call to get a list.",
    "runs must be Runs that have not started and are not parts of another":
      "A Run starts in the turn of the event loop after it was made. Make it in the list itself: `parallel([hosts.run(…)])`.",
    "{root} is an object of another session, or of one that has ended":
      "Objects live in the process that made them. Make the object again with this client, after the link was restored.",
    "{root} mixes objects of several processes; give the calls that make them the same `workerName`":
      "A call runs in one process, and has only that process's objects.",
    "{names} must not change until the call has ended, but was {how} while it was being sent; nothing ran":
      "The program wrote into a buffer that it had given to a call. Give the call a copy, or wait for it first.",
    'options.objectTimeout needs returns "object"': "Only an object that stays on the host has a timeout.",
    "signal cannot be sent: the process is not running": "Start it first, and wait for its `start` event.",
    "wait cannot be called before start()": "Call `start()` first, or `run()`, which does both.",
    "which selects no job of this run": "Nothing failed. Look at `run.failed` before you call `rerun()`.",
    '{argument} must be a connector such as ssh("me@host") or local(), but has no function {name}; createConnector() adds missing ones':
      "A promise of a connector is no connector: await it. Your own functions go through `createConnector()`.",
    "{name} cannot be constructed: {maker}": "The class is exported for `instanceof` and for types.",
  },
  unsupported: {
    "{feature} needs a session, and this call goes over files on the host":
      'Callbacks, generators, objects and named workers need a live process. The client has `transport: "spool"`, the call has an `id`, or the connector has no `spawn`.',
    "local() needs a POSIX shell, and Windows has none": "Run the program in WSL, or use `ssh()` to another host.",
    "exec: this connector takes no standard input": "Look at `connector.acceptsStdin`, and send the data as a file.",
    "the zone {…} needs Python 3.9 or later on the host; UTC, local and +02:00 do not": "Older Pythons have no database of time zones.",
    "{signal} cannot be sent without a watchdog": "Leave `killOnDisconnect` on, or end the process with `kill()`.",
  },
  "connect-timeout": {
    "the host did not answer the request to start a command within {timeout} ms":
      "The host is reached, and its SSH server does not serve. Raise `startTimeout`, or look at the host's load.",
    "the host did not take the credentials within {connectTimeout} ms":
      "Often a person has to confirm the login, or a directory service is slow. Raise `connectTimeout`.",
  },
  "connect-failed": {
    "the host and ssh share no algorithm": "The host is old. Allow what it offers, with `algorithms` or in ssh_config.",
    "the jump host could not reach it: {message}": "The address is looked up by the jump host. Try from there.",
    "no private directory could be made in {parent}: {message}": "Name a directory that exists and is writable with `scratchDir`.",
    "the host reports no home directory, or one whose name needs quoting": "Name a directory with `scratchDir`.",
    "there is no Jupyter Server at this path (status 404)": "`jupyter server list` prints the right URL.",
    "the hub has no running server there (status {status}): {said}": "Start your server on the hub's page.",
    "{what}: the server redirects to another origin, which is refused": "Credentials would go there. Name that origin in `baseUrl`.",
  },
  "host-key-unknown": {
    "the known_hosts file {file} cannot be read: {code}": "Give the file to this user, or name another one with `knownHosts`.",
    "the host's key is new, and accept-new has no known_hosts file to write it to: the next key would be accepted as well":
      "Name a file with `knownHosts`, or pass `hostKey: { fingerprint }`.",
    "the check of the host's key failed": "`error.cause` has what was thrown, perhaps by the function passed as `hostKey`.",
  },
  "auth-failed": {
    "the function passed as `token` threw": "What it threw may hold a secret, so it is not shown. Log it in the function.",
  },
  "connection-lost": {
    "the kernel died or was restarted, so the outcome of the command is lost": "Often it ran out of memory. Look at the server's log.",
    "the link was lost and could not be restored within {lease} ms": "Raise `resumeTimeout` where links are down for longer.",
    "{what} was not run: each new session ended before it could be sent":
      "Something on the host ends our processes: its limits, its memory, or a supervisor of logins.",
    "the host has not confirmed that the process ended": "It may still run. Look on the host.",
    "the host has not confirmed that the call ended": "It may still run. Look on the host.",
    "the host has not confirmed that the transfer ended":
      "It may go on for a moment. What was at its destination is unchanged until it is whole.",
  },
  "channel-failed": {
    "the host serves one channel for each connection":
      "Its server has MaxSessions 1. The connector then uses a connection for each command.",
    "no session is free: it waits for {reason}, and the sessions in use do not end by themselves":
      "Close a client or end a process over this connector, or make another connector.",
  },
  "transfer-failed": {
    "{shown} cannot be verified: the host has no tool that computes SHA-256": "Install one of sha256sum, shasum, openssl or python3.",
    "{stage}: options.onProgress threw: {said}": "Your function threw, and the transfer was ended. `error.cause` has what it threw.",
    "{remotePath} changed while it was read": 'Copy a snapshot, or set `growing: "prefix"` for a file that only grows.',
  },
  "permission-denied": {
    "it still runs there (pid {which}): the account may not end it": "It runs as another user, for example by sudo. End it as that user.",
  },
  "disk-full": {
    "{name} ran, but its reply could not be stored: the disk is full": "The function ran. Free space before you repeat it.",
  },
  "endpoint-broken": {
    "the program {name}, which would run on the host, {problem}; nothing was sent":
      "A bundler has changed a text of ours. Leave the package out of the bundle.",
    "the host did not run the probe, a POSIX shell script, to its end": "The account has no POSIX `sh`, or a restricted one.",
    "the endpoint could not be started (payload): the payload arrived damaged":
      "Something between writes into the link or cuts it: a start-up file that reads input, or a proxy.",
  },
  "install-failed": {
    "this Python has no module venv, so no virtual environment can be made": "On Debian and Ubuntu, install python3-venv.",
    "{…} is changed by others while it is installed":
      "Another program writes into the same directory. Install once, then start the others.",
    "{…} was installed, but it provides no module {…}": "Name the module as it is imported, which may differ from its package.",
  },
  "bad-arguments": {
    "there is no time zone {…} on the host": "Install the package tzdata there, or give an offset such as `+02:00`.",
  },
  timeout: {
    "it had not started: it was waiting for {reason}": "It never ran. Raise `concurrency` or the timeout, or free what it waited for.",
    "no worker was free for the call within {queueMs} ms": "It never ran. Raise `workers` or `queueTimeout`.",
    "no worker took the call within {…} ms": "It never ran. Raise `workers` or `queueTimeout`.",
    "{stage}: still queued after {queueTimeout} ms{state}": "It never ran: the service's queue is long. Raise `queueTimeout`.",
  },
  cancelled: {
    "an output handler threw: {…}": "Your handler threw, and its process was ended. `error.cause` has what it threw.",
    "interrupted by {name}": "The command line got this signal. What ran on the host was ended.",
  },
  "outcome-unknown": {
    "the program that answered on the host could not prove that it is the session's supervisor":
      "Another user may impersonate it. Nothing was sent. Tell the host's administrator if it happens again.",
  },
  "limit-exceeded": {
    "environment and PATH are larger than the host allows": "Linux allows 128 KiB for one variable. Set fewer or shorter ones.",
    "none of the {workers} workers can take the call: all hold objects or generators, and are of other environments":
      "Release objects, close generators, or raise `workers`.",
    "there are more than {limit} files and directories": "Copy parts of the tree, or raise `entryLimit`.",
    "there are more than {entryLimit} files and directories, with what links lead to": "Copy parts of the tree, or raise `entryLimit`.",
    "the host printed more than {noise} bytes before it started the command":
      "A start-up file prints without end. Let it print only at a terminal.",
    "the function ran, but its result cannot be sent: {message}": 'It ran. Return less, or keep the result there with `returns: "object"`.',
  },
};
