/* A connector that tells what was asked of it. */
import type { Connector } from "@sremote/connectors";

export interface Counted {
  readonly connector: Connector;
  /** Names of the operations begun, in order. */
  readonly operations: string[];
}

/** The same host, with a list of what was done; with `stdin: false` only push, exec and pull are offered. */
export function counted(inner: Connector, options: { stdin?: boolean } = {}): Counted {
  const operations: string[] = [];
  const did = (name: string): Connector => {
    operations.push(name);
    return inner;
  };
  const connector: Connector = {
    label: inner.label,
    acceptsStdin: options.stdin ?? inner.acceptsStdin,
    exec: (command, given) => did("exec").exec(command, given),
    push: (source, path, given) => did("push").push(source, path, given),
    pull: (path, sink, given) => did("pull").pull(path, sink, given),
    status: (given) => did("status").status(given),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
  return { connector, operations };
}
