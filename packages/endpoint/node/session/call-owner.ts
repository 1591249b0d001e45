/*
 * Whose doing something is, in a process that runs one call after the other: what a call leaves behind (a timer, a promise that is rejected later) is its
 * own, and neither fails nor prints into the next one.
 */
import { AsyncLocalStorage, executionAsyncResource } from "node:async_hooks";
import { pin } from "../host/standard.ts";

/** A call, or an iterator that it gave. */
export interface Owner {
  isOver: boolean;
}

const storage = new AsyncLocalStorage<Owner | undefined>();
pin(storage);

/** Runs what belongs to `owner`: timers and promises that it starts do too. */
export function runAs<Value>(owner: Owner, run: () => Value): Value {
  return storage.run(owner, run);
}

/** Runs what belongs to no call, as the code of a module does that is loaded. */
export function runAsNobody<Value>(run: () => Value): Value {
  return storage.run(undefined, run);
}

/**
 * Whether what runs now was left behind by a call that is over. Events of what calls share do not count (a connection, a channel to another process,
 * a tick): they belong to the call that waits for them.
 */
export function isLate(): boolean {
  if (storage.getStore()?.isOver !== true) return false;
  const resource = executionAsyncResource();
  return kinds.has(resource.constructor?.name) && !("callback" in resource);
}

/** Names of what timers and promises run as, in one version of Node or another. */
const kinds: ReadonlySet<string | undefined> = new Set(["Timeout", "Immediate", "Promise", "PromiseWrap", "Object", "process"]);
