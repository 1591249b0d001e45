/* Where something that stays on the host lives, and what a call needs to act on it. */
import type { CallArguments, CallOptions } from "../call/options.ts";
import type { HostSession } from "../call/place.ts";
import type { CallResult } from "../call/result.ts";

/** The module of the endpoint whose functions act on objects. */
export const objectModule = "sremote:object";

/** The session and worker of an object. */
export interface ObjectPlace {
  readonly session: HostSession;
  readonly worker: number;
  /** The call that made the object was given callbacks, which it may use as long as it lives: the host may call none of them any more. */
  forgetCallbacks(): void;
}

/** What a result holds that is not a value: an object, or an iterator. @typeParam C the type of a call in its worker */
export interface RemoteReference<C = Promise<CallResult>> {
  readonly place: ObjectPlace;
  readonly id: number;
  /** Those of the call it comes from, where they hold for each step of a generator. */
  readonly limits: Pick<CallOptions, "timeout" | "signal" | "outputLimit">;
  /** Calls a function of {@link objectModule} in its worker. */
  perform(fn: string, args: CallArguments, options?: CallOptions): C;
}

/** What each object or iterator of ours stands for; only it can be an argument again. To dispose of it is to let the host forget it. */
export const referenceOf: WeakMap<object, RemoteReference> = new WeakMap();

/** Whether the host has no such object any more. */
export function isLost(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "object-lost";
}
