import { describe, test } from "vitest";
import type { Connector } from "../connector.ts";
import { local } from "../local/index.ts";
import { connectorCases } from "../testing/index.ts";
import { isNightly } from "../../../../test/support/nightly.ts";
import { pullOverProcess } from "./pull.ts";
import { pushOverProcess } from "./push.ts";
import type { StartProcess } from "./start.ts";

/** The transfers of connectors that reach a host through a shell, with this machine as the host. */
function overProcess(): Connector {
  const host = local();
  const start: StartProcess = (command, options) => host.spawn!(command, options);
  return {
    ...host,
    label: "process://",
    push: (source, path, options = {}) => pushOverProcess(start, source, path, options, "process://"),
    pull: (path, sink, options = {}) => pullOverProcess(start, path, sink, options, "process://"),
  };
}

describe("exec, push and pull over one process each", () => {
  // Commands are the local connector's.
  const tried = isNightly ? /^/ : /file|path|push|pull|progress|sink/;
  for (const one of connectorCases().filter(({ name }) => tried.test(name))) test(one.name, () => one.run(overProcess));
});
