/* Calls whose results are arguments of other calls: SESSION.md, `keep` and `after`. */
import type { Session } from "../session/session.ts";

/** What a call must show for its result to be an argument of another. */
export interface Dependable {
  /** Where it runs, once it has been sent over a session. */
  readonly place: { readonly session: Session; readonly stream: number } | undefined;
  /** Whether it has gone out, by whatever way. */
  readonly isSent: boolean;
  /** Its value. */
  readonly value: Promise<unknown>;
}

/** How many calls wait for each call's result, as long as that has not gone out. */
const waiting = new WeakMap<Dependable, number>();

/** Another call takes the result. Must be known before the call goes out, so that its worker keeps the value. */
export function addDependent(call: Dependable): boolean {
  if (call.isSent) return false;
  waiting.set(call, dependents(call) + 1);
  return true;
}

export function dependents(call: Dependable): number {
  return waiting.get(call) ?? 0;
}
