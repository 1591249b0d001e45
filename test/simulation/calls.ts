/* The calls that a user of the simulation makes, and whether what becomes of each is true. */
import { ConnectError, OutcomeUnknownError, RemoteExecError, SremoteError } from "@sremote/protocol";
import type { Ledger } from "./ledger.ts";

/** How a user's call is to end, and within which limits. */
export interface Wanted {
  readonly key: string;
  readonly kind: "work" | "raise" | "exit" | "ask" | "join";
  /** What it gives if it gives a value. */
  readonly value?: string | undefined;
  readonly timeout?: number | undefined;
  readonly queueTimeout?: number | undefined;
  readonly idleTimeout?: number | undefined;
}

export interface Made extends Wanted {
  /** Made with an id that another call has, too: what one of them found happened may be another's doing. */
  readonly isRepeated?: boolean | undefined;
  /** Calls that its client made with the same id before. */
  readonly earlier?: readonly Made[] | undefined;
  readonly at: number;
  /** When its signal was aborted, or `cancel` was called. */
  abortedAt?: number | undefined;
  cancelledAt?: number | undefined;
  settledAt?: number | undefined;
  /** When something last came from the host before that. */
  heardAt?: number | undefined;
  given?: unknown;
  error?: unknown;
}

/** What happened around a call. */
export interface Facts {
  readonly ledger: Ledger;
  /** Something was done to a link, the host or a client. */
  readonly isDisturbed: boolean;
  readonly isDamaged: boolean;
  /** An answer may come later than a host is waited for that gives no sign. */
  readonly isSlow: boolean;
  /** When the client was closed, if it was. */
  readonly closedAt: number | undefined;
  readonly isOverFiles: boolean;
  readonly promptness: Promptness;
}

/** Milliseconds that each promise adds to what the caller asked for: call/limits.ts. */
export interface Promptness {
  readonly signal: number;
  readonly timeout: number;
  /** The same, where the host gives no sign of life. */
  readonly silence: number;
  readonly queue: number;
  /** Of `cancel`. */
  readonly cancel: number;
}

export const sessionPromptness: Promptness = { signal: 100, timeout: 2100, silence: 300, queue: 2300, cancel: 5000 };
/** Over files only the whole answer is heard of. */
export const spoolPromptness: Promptness = { signal: 100, timeout: 3060, silence: 3060, queue: 0, cancel: 5000 };

/** What is wrong with the end of a call, in words; nothing when all is well. */
export function judge(made: Made, facts: Facts): string[] {
  const wrong: string[] = [];
  const effects = facts.ledger.effects(made.key);
  if (effects > 1) wrong.push(`its function ran ${effects} times`);
  if (made.settledAt === undefined) return [...wrong, "it never ended"];
  if (made.error === undefined) {
    if (effects !== 1) wrong.push(`it gave a value, and its function ran ${effects} times`);
    if (made.given !== made.value) wrong.push(`its value is ${shown(made.given)} in place of ${shown(made.value)}`);
  } else wrong.push(...judgeError(made, made.error, effects, facts));
  return [...wrong, ...judgeTime(made, made.settledAt, facts.promptness)];
}

function judgeError(made: Made, error: unknown, effects: number, facts: Facts): string[] {
  if (!(error instanceof SremoteError)) return [`it rejected with ${String(error)}, which is none of ours`];
  const { code } = error;
  const outcome = error instanceof RemoteExecError ? error.outcome : error instanceof OutcomeUnknownError ? "unknown" : undefined;
  const said = `it ended with ${code} (${outcome ?? "no outcome"}: ${error.message})`;
  const only = (isAllowed: boolean, why: string): string[] => (isAllowed ? [] : [`${said}, ${why}`]);
  // Of a call that is made again only what was before counts: another one may run meanwhile.
  const hasRun = made.isRepeated === true ? facts.ledger.beganBefore(made.key, made.at) : effects > 0;
  if (outcome === "not-run" && hasRun && !speaksOfItself(made, error)) return [`${said}, and its function ran`];
  switch (code) {
    case "raised":
      // Of a damaged answer the function hears by an error.
      return only(
        (made.kind === "raise" || facts.isDamaged) && effects === 1,
        `and its function ran ${effects} times and is to ${made.kind}`,
      );
    case "exited":
      return only(made.kind === "exit" && effects === 1, "and nothing ended its process");
    case "killed":
      return only(facts.isDisturbed, "and nobody killed its process");
    case "timeout":
      return judgeTimeout(made, said, outcome, facts);
    case "cancelled": {
      // Over files a call ends so, too, that another was cancelled which has its id, or that its client seemed gone for 40 s.
      const isElse = made.isRepeated === true || (facts.isOverFiles && facts.isDisturbed);
      return only(made.abortedAt !== undefined || made.cancelledAt !== undefined || isElse, "and nobody cancelled it");
    }
    case "closed":
      return only(facts.closedAt !== undefined && made.settledAt! >= facts.closedAt, "and nobody had closed the client");
    case "outcome-unknown":
      // An endpoint that is to end with the call that another one waits for is killed after a second.
      return only(facts.isDisturbed || made.isRepeated === true, "and nothing was lost");
    case "protocol-error":
      return only(facts.isDamaged, "and nothing was damaged");
    case "disk-full":
    case "call-conflict":
    case "transfer-failed":
    case "no-such-file":
      return only(facts.isDisturbed || code === "call-conflict", "and nothing was wrong with the host");
    case "object-lost":
    // The process that kept what it depends on may have been ended by any other call.
    case "dependency-failed":
      return only(made.kind === "join" && effects === 0, "and it depends on nothing, or ran");
    case "connection-lost":
    case "connect-refused":
    case "connect-timeout":
    case "endpoint-broken":
    case "no-writable-directory":
    case "interpreter-missing":
      // It says that nothing ran, since the call never reached the host.
      if (effects > 0 && made.isRepeated !== true) return [`${said}, and its function ran`];
      return only(facts.isDisturbed || code === "endpoint-broken", "and nothing was lost");
    default:
      return [`${said}, which has no place here`];
  }
}

/** Whether it says that it was not sent itself, and its client did not know that an earlier one with its id may have run. */
function speaksOfItself({ earlier = [], settledAt = 0 }: Made, { message }: SremoteError): boolean {
  const isDoubtful = ({ error, settledAt: at = Infinity }: Made): boolean =>
    at < settledAt && (error === undefined || (error as RemoteExecError).outcome !== "not-run") && !(error instanceof ConnectError);
  return /what became of an earlier one with its id/.test(message) && !earlier.some(isDoubtful);
}

function judgeTimeout(made: Made, said: string, outcome: string | undefined, facts: Facts): string[] {
  const limits = [made.timeout, made.queueTimeout, made.idleTimeout].filter((limit) => limit !== undefined);
  const passed = made.settledAt! - made.at;
  if (limits.every((limit) => passed < limit)) return [`${said} after ${passed} ms`];
  if (outcome === "timeout" && facts.ledger.runs(made.key)) return [`${said}, and its function runs on`];
  const isGivenUp = made.abortedAt !== undefined || made.cancelledAt !== undefined;
  return outcome === "unknown" && !facts.isDisturbed && !facts.isSlow && !isGivenUp ? [`${said}, and nothing was lost`] : [];
}

function judgeTime(made: Made, settledAt: number, promptness: Promptness): string[] {
  const { error } = made;
  const isQueued = error instanceof SremoteError && error.code === "timeout" && error.stage === "queue";
  const late = (what: string, since: number | undefined, limit: number | undefined, promise: number): string[] => {
    if (since === undefined || limit === undefined || settledAt <= since + limit + promise) return [];
    return [`it ended ${settledAt - since} ms after ${what}, ${settledAt - since - limit - promise} ms too late`];
  };
  return [
    ...late("its signal was aborted", made.abortedAt, 0, promptness.signal),
    ...late("it was cancelled", made.cancelledAt, 0, promptness.cancel),
    ...late("it was made", made.at, made.timeout, isSilent(made) ? promptness.silence : promptness.timeout),
    ...(isQueued ? late("it was made", made.at, made.queueTimeout, promptness.queue) : []),
  ];
}

function isSilent({ at, timeout = 0, heardAt = 0 }: Made): boolean {
  return heardAt < at + timeout;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text;
}
