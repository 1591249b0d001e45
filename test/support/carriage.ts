/* The ways a call can travel, and a connector that is kept to one of them. */
import type { Connector } from "@sremote/connectors";

/** A live session; the spool by one `exec` with pipes; the spool by push, exec, pull. */
export type Carriage = "session" | "pipes" | "files";

/** What calls travel by over this connector when nothing else is asked for. */
export function carriageOf(connector: Connector): Carriage {
  if (connector.spawn !== undefined) return "session";
  return connector.acceptsStdin ? "pipes" : "files";
}

/** The same host without what is more than this way needs. */
export function limitedTo(carriage: Carriage, connector: Connector): Connector {
  return {
    label: connector.label,
    acceptsStdin: carriage !== "files" && connector.acceptsStdin,
    exec: (command, options) => connector.exec(command, options),
    push: (source, path, options) => connector.push(source, path, options),
    pull: (path, sink, options) => connector.pull(path, sink, options),
    ...(carriage === "session" && connector.spawn !== undefined && { spawn: (command, options) => connector.spawn!(command, options) }),
    status: (options) => connector.status(options),
    close: () => connector.close(),
    [Symbol.asyncDispose]: () => connector.close(),
  } satisfies Connector;
}
