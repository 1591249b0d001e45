/* Reaching a host: jump hosts, the queue of handshakes, and trying again when the host is only busy. */
import type { Duplex } from "node:stream";
import { ConnectError } from "@sremote/protocol";
import { abortable } from "./abort.ts";
import { Connection } from "./connection.ts";
import type { Credentials } from "./credentials.ts";
import { prepareCredentials } from "./credentials.ts";
import { hostText } from "./host-text.ts";
import { joinWrites } from "./join-writes.ts";
import { shakeHands } from "./handshake.ts";
import type { HandshakeFailure } from "./handshake.ts";
import { HostVerifier } from "./host-verifier.ts";
import { keyType } from "./known-hosts.ts";
import type { Settings } from "./settings.ts";
import { backOff, pause } from "../back-off.ts";
import { Slots } from "../slots.ts";
import { PausingDeadline } from "./pausing-deadline.ts";
import { connectTcp } from "./tcp.ts";

/** sshd begins to drop connections at random when 10 are not yet authenticated (MaxStartups 10:30:100). */
const mostHandshakes = 8;
const handshakes = new Map<string, Slots>();

/** Connections dropped without a word may also mean that no sshd is there: tried again this often. */
const silentRetries = 3;
/** A host that says it has too many connections is given this long, in milliseconds: 100 clients at once need some seconds. */
const busyPatience = 60_000;
const busy = /Exceeded MaxStartups|Not allowed at this time/i;

/**
 * An authenticated connection, through all jump hosts.
 *
 * @throws ConnectError, or InvalidArgumentError for unusable keys; the signal's reason when it is aborted
 */
export async function connect(settings: Settings, signal: AbortSignal): Promise<Connection> {
  let carrier: Connection | undefined;
  try {
    for (const hop of settings.jumps) carrier = await connectJump(hop, carrier, signal);
    return await connectHop(settings, carrier, signal);
  } catch (error) {
    await carrier?.end();
    throw unreadSaid(error, settings.unreadConfig);
  }
}

async function connectJump(hop: Settings, carrier: Connection | undefined, signal: AbortSignal): Promise<Connection> {
  try {
    return await connectHop(hop, carrier, signal);
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== "auth-failed") throw error;
    const own = `the credentials of a jump host go into options of its own: jump: { host: "${hop.host}", … }`;
    throw withHint(error, error.hint === undefined ? own : `${error.hint}; ${own}`);
  }
}

function withHint(error: ConnectError, hint: string): ConnectError {
  const { code, message, stage = "connect", host, lastLines, cause } = error;
  return new ConnectError(code, message, { stage, host, hint, ...(lastLines === undefined ? {} : { lastLines }), cause });
}

/** Where ssh_config was not read, it may be all that is lacking. */
function unreadSaid(error: unknown, path: string | undefined): unknown {
  if (path === undefined || !(error instanceof ConnectError)) return error;
  const unread = `${path} was not read, since there is no program ssh: install the OpenSSH client, or give what it says as options`;
  return withHint(error, error.hint === undefined ? unread : `${unread}; ${error.hint}`);
}

async function connectHop(settings: Settings, carrier: Connection | undefined, signal: AbortSignal): Promise<Connection> {
  const credentials = await prepareCredentials(settings.credentials, settings.label);
  const refusedTypes: string[] = [];
  const patience = Date.now() + busyPatience;
  let refusal: ConnectError | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const verifier = new HostVerifier(settings.hostKey, refusedTypes);
    const result = await inQueue(settings, signal, () => attemptHop(settings, credentials, verifier, carrier, signal));
    if (result instanceof Connection) return result;
    if (signal.aborted) throw signal.reason;
    refusal ??= verifier.refusal;
    if (showsOtherKey(settings, verifier, refusedTypes)) continue;
    if (refusal !== undefined) throw refusal;
    const isBusy = busy.test(result.greeting) && Date.now() < patience;
    if (!result.dropped || !(isBusy || attempt <= silentRetries)) throw explain(result, settings);
    // At random, so that those who were dropped together do not come back together.
    await pause(backOff(attempt, 200, 2000, "full"), signal).catch(() => undefined);
  }
}

// A host has several keys; the expected fingerprint may be that of another one. No credential has been offered yet.
function showsOtherKey(settings: Settings, verifier: HostVerifier, refusedTypes: string[]): boolean {
  const { policy } = settings.hostKey;
  if (typeof policy !== "object" || verifier.refused === undefined) return false;
  const type = keyType(verifier.refused);
  if (type === undefined || refusedTypes.includes(type)) return false;
  refusedTypes.push(type);
  return new HostVerifier(settings.hostKey, refusedTypes).algorithms().length > 0;
}

function explain(failure: HandshakeFailure, settings: Settings): Error {
  const said = hostText(failure.greeting.split("SSH-")[0] ?? "");
  if (!(failure.error instanceof ConnectError) || said === "" || !failure.dropped) return failure.error;
  return new ConnectError(failure.error.code, failure.error.message, {
    stage: "connect",
    host: settings.label,
    lastLines: said,
    cause: failure.error,
  });
}

async function attemptHop(
  settings: Settings,
  credentials: Credentials,
  verifier: HostVerifier,
  carrier: Connection | undefined,
  signal: AbortSignal,
): Promise<Connection | HandshakeFailure> {
  const { label, connectTimeout } = settings;
  const deadline = new PausingDeadline(
    connectTimeout,
    () => new ConnectError("connect-timeout", `the host did not answer within ${connectTimeout} ms`, { stage: "connect", host: label }),
  );
  const both = AbortSignal.any([signal, deadline.signal]);
  try {
    const socket: Duplex = await reach(settings, carrier, both);
    joinWrites(socket);
    const result = await shakeHands(socket, settings, credentials, verifier, both, (work) => deadline.during(work));
    return "client" in result
      ? new Connection(result.client, socket, label, carrier, { refusal: () => verifier.refusal, isSingle: result.isSingle })
      : result;
  } finally {
    deadline.end();
  }
}

async function reach(settings: Settings, carrier: Connection | undefined, signal: AbortSignal): Promise<Duplex> {
  const { host, port, label } = settings;
  if (carrier === undefined)
    return await connectTcp({ host, port, family: settings.addressFamily, localAddress: settings.bindAddress }, label, signal);
  try {
    const stream = await abortable(carrier.forward(host, port), signal);
    return stream;
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== "channel-failed") throw error;
    throw new ConnectError("connect-failed", `the jump host could not reach it: ${error.message}`, {
      stage: "connect",
      host: label,
      hint: `check from ${carrier.label} that ${host} port ${port} can be reached, and that its sshd allows TCP forwarding`,
      cause: error,
    });
  }
}

async function inQueue<T>(settings: Settings, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const address = `${settings.host}:${settings.port}`;
  const slots = handshakes.get(address) ?? new Slots(mostHandshakes);
  handshakes.set(address, slots);
  const release = await slots.acquire(signal);
  try {
    return await work();
  } finally {
    release();
    if (slots.idle) handshakes.delete(address);
  }
}
