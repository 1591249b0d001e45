/* What a result leaves on the host, as objects of this side. */
import type { Attachments, WireValue } from "@sremote/protocol";
import type { Call } from "../call/call.ts";
import type { Invocation } from "../call/invocation.ts";
import type { CallArguments, CallOptions } from "../call/options.ts";
import type { CallOutput } from "../call/output.ts";
import { decodeResult, type HeldKind } from "./decode-result.ts";
import { RemoteIterable } from "./remote-iterable.ts";
import { RemoteObject } from "./remote-object.ts";
import type { ObjectPlace, RemoteReference } from "./remote-reference.ts";

/** Calls a function of the host's module for objects. @param outputs those of another call, into which it prints */
export interface CallObject {
  (fn: string, args: CallArguments, options: CallOptions, outputs: readonly [CallOutput, CallOutput] | undefined): Call;
}

/** The value of a reply, parts of which may have stayed on the host. */
export function valueWithHeld(
  value: WireValue,
  attachments: Attachments,
  place: ObjectPlace,
  call: Invocation,
  callObject: CallObject,
): unknown {
  let found: unknown;
  try {
    found = decodeResult(value, attachments, call.context.serializer, (...what) => held(...what, place, call, callObject));
    return found;
  } finally {
    // What stays on the host may still use the callbacks, and lets them go itself.
    if (!(found instanceof RemoteObject || found instanceof RemoteIterable)) place.forgetCallbacks();
  }
}

function held(
  kind: HeldKind,
  id: number,
  type: string,
  place: ObjectPlace,
  call: Invocation,
  callObject: CallObject,
): RemoteObject | RemoteIterable {
  const { timeout, signal, outputLimit, prefetch = 0 } = call.options;
  const { runtime } = call.context;
  const isIterator = kind === "iterator";
  // What a generator prints belongs to the call that gave it.
  const outputs = isIterator ? ([call.stdout, call.stderr] as const) : undefined;
  const limits = isIterator ? { timeout, signal, outputLimit } : {};
  const reference: RemoteReference<Call> = {
    place,
    id,
    limits,
    perform: (fn, args, options) => callObject(fn, args, { ...limits, ...options, runtime }, outputs),
  };
  place.session.hold();
  if (!isIterator) return new RemoteObject(type, reference);
  return new RemoteIterable(reference, prefetch, (error) => {
    place.session.letGo();
    call.stdout.end(error);
    call.stderr.end(error);
  });
}
