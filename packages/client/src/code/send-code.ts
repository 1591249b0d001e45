/* The calls by which shipped code gets to the host. They see nothing of the client's configuration. */
import type { Connector } from "@sremote/connectors";
import { program } from "@sremote/endpoint";
import { extensionModules, HostEnvironment } from "../call/environment.ts";
import { defaultSerializer } from "../call/serializer.ts";
import { Calls } from "../calls.ts";
import { Watchers } from "../events/watchers.ts";
import { SessionTransport } from "../session/session-transport.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Spool } from "../spool/spool.ts";
import { SpoolTransport } from "../spool/spool-transport.ts";
import type { PutCode } from "./host-code.ts";

/** A worker that takes no other calls, so that code arrives while all others are busy. */
const workerName = "sremote code";

export function codeSender(connector: Connector, sessions: Sessions | undefined, spool: Spool, checkOpen: () => void): PutCode {
  const settings = { environment: new HostEnvironment(), locations: { sremoteDir: undefined, tmpDir: undefined, pwdDir: undefined } };
  const calls = new Calls({
    host: connector.label,
    runtime: "python",
    modules: new Map(),
    watchers: new Watchers(),
    transports: [sessions === undefined ? new SpoolTransport(spool, settings) : new SessionTransport(sessions, settings, checkOpen)],
    code: () => undefined,
    serializer: () => defaultSerializer,
    checkOpen,
  });
  return async (runtime, args) => {
    const options = sessions === undefined ? { runtime } : { runtime, workerName };
    const given = [program(runtime === "python" ? "ship.py" : "ship.cjs"), "put", ...args];
    return (await calls.call(extensionModules[runtime], "run", given, options, { purpose: { what: "shipping code" } }).settled).value;
  };
}
