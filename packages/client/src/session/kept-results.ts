/* Results that the host keeps for the call that takes them as arguments: SESSION.md, `keep` and `after`. */
import type { ResultMessage } from "@sremote/protocol";
import { settle } from "../call/dependencies.ts";
import { dependencyFailed } from "../call/failure.ts";
import type { Invocation } from "../call/invocation.ts";
import type { CallFrame } from "../call/message.ts";
import type { HostSession } from "../call/place.ts";
import { ResultOf } from "./values.ts";

export interface Settled {
  readonly frame: CallFrame;
  /** The call whose result the host keeps, and its stream. */
  readonly after?: { readonly stream: number; readonly call: Invocation } | undefined;
}

/** @param session gives that in which the call is to run */
export async function settleIn(session: () => HostSession, waiting: Invocation): Promise<Settled> {
  const { workerName, isolation } = waiting.options;
  let after: Settled["after"];
  const frame = await settle(waiting, (call) => {
    const { place } = call;
    const fits = place !== undefined && place.session === session() && workerName === undefined && isolation !== "call";
    if (!fits || !call.takeKept() || (after !== undefined && after.stream !== place.stream)) return undefined;
    after = { stream: place.stream, call };
    return new ResultOf(place.stream);
  });
  return { frame, after };
}

/** Where the host did not run a call since the one that it waited for gave no value. @throws RemoteExecError `dependency-failed` */
export async function throwIfDependencyFailed({ after }: Settled, { error }: ResultMessage, waiting: Invocation): Promise<void> {
  if (after === undefined || error?.code !== "dependency-failed") return;
  const cause = await after.call.result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  throw dependencyFailed(cause, { ...waiting.context, callId: waiting.id }, error);
}
