/* A connector that tells what was asked of it. */
import type { Connector } from "@sremote/connectors";
import { type Carriage, carriageOf, limitedTo } from "./carriage.ts";

export interface Counted {
  readonly connector: Connector;
  /** Names of the operations begun, in order. */
  readonly operations: string[];
}

/** The same host, with a list of what was done. @param carriage default: the best that the host offers */
export function counted(inner: Connector, carriage: Carriage = carriageOf(inner)): Counted {
  const operations: string[] = [];
  const connector = limitedTo(carriage, inner);
  const { exec, push, pull, spawn, status } = connector;
  const counting = <A extends unknown[], R>(name: string, operation: (...args: A) => R) => {
    return (...args: A): R => {
      operations.push(name);
      return operation(...args);
    };
  };
  return {
    operations,
    connector: {
      ...connector,
      exec: counting("exec", exec),
      push: counting("push", push),
      pull: counting("pull", pull),
      ...(spawn !== undefined && { spawn: counting("spawn", spawn) }),
      status: counting("status", status),
    },
  };
}
