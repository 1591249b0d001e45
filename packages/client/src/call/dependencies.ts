/* Calls whose results are arguments of other calls. */
import { dependencyFailed } from "./failure.ts";
import type { Invocation } from "./invocation.ts";
import type { CallFrame } from "./message.ts";

/**
 * Waits for arguments that are calls, and makes the message.
 * @param onHost gives what takes the place of a call whose result the host keeps; asked when that has gone out
 */
export function settle(waiting: Invocation, onHost: (call: Invocation) => object | undefined = () => undefined): Promise<CallFrame> {
  waiting.waitsFor = () => "the results of calls among its arguments";
  return waiting.message.pending!.settle(async (call) => {
    await call.untilSent();
    return onHost(call) ?? (await valueOf(call, waiting));
  });
}

/** The value of a call that is an argument of another. @throws RemoteExecError `dependency-failed` */
async function valueOf(call: Invocation, waiting: Invocation): Promise<unknown> {
  try {
    return (await call.result).value;
  } catch (error) {
    throw dependencyFailed(error, { ...waiting.context, callId: waiting.id });
  }
}
