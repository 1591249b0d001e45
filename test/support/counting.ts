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
  const did = (name: string): Connector => {
    operations.push(name);
    return inner;
  };
  const limited = limitedTo(carriage, inner);
  const connector: Connector = {
    ...limited,
    exec: (command, given) => did("exec").exec(command, given),
    push: (source, path, given) => did("push").push(source, path, given),
    pull: (path, sink, given) => did("pull").pull(path, sink, given),
    ...("spawn" in limited && { spawn: (command, given) => did("spawn").spawn!(command, given) }),
    status: (given) => did("status").status(given),
  } satisfies Connector;
  return { connector, operations };
}
