import { checkConnectorShape } from "@sremote/connectors";
import { InvalidArgumentError, unknownOption, given } from "@sremote/protocol";
import type { Runtime } from "./call/options.ts";
import type { StreamSettings } from "./session/options.ts";
import { checkText, isPlainObject } from "./call/check-values.ts";
import { checkSerializer, type Serializer } from "./call/serializer.ts";

export interface RemoteClientOptions {
  /** Endpoint of calls that name none. @default `python` */
  runtime?: Runtime | undefined;
  /**
   * Path (absolute or with `~/`) or name of the Python interpreter on the host. One that is not there, or too old, is `interpreter-missing`.
   *
   * @default the endpoint's virtual environment, then `python3` and its kin on PATH
   */
  python?: string | undefined;
  /** Path or name of Node on the host; not there, or too old: `interpreter-missing`. @default `node` on PATH, then the usual places */
  node?: string | undefined;
  /** Whether a call on a host without endpoint installs it. @default true; with false it rejects with RemoteNotSetupError `not-setup` */
  autoInstall?: boolean | undefined;
  /**
   * How calls travel. `auto`: over a live session where the connector can start one, else over files. `spool`: always over files, each call
   * in a process of its own with a durable result.
   *
   * @default `auto`
   */
  transport?: "auto" | "spool" | undefined;
  /**
   * Calls of one runtime that run at once in a session, 1 to 1024. More wait their turn; where all workers hold objects, a call is refused (`limit-exceeded`).
   *
   * @default 4
   */
  workers?: number | undefined;
  /**
   * Milliseconds for which the host keeps a session whose link is lost, at least 1000. Then it ends everything that runs in it, and calls
   * under way reject with `connection-lost` or `outcome-unknown`.
   *
   * @default 30 s
   */
  resumeTimeout?: number | undefined;
  /** Milliseconds between two signs of life, at least 100. @default 15 s; after three without an answer a link is given up and made anew */
  heartbeatInterval?: number | undefined;
  /**
   * Directory of the endpoint on the host: see `setSremoteDir`. One that cannot be used is `no-writable-directory`, one that others may write to
   * `unsafe-directory`.
   *
   * @default `~/.sremote`
   */
  sremoteDir?: string | undefined;
  /** Directory for temporary files of calls: see `setTmpDir`. @default the host's */
  tmpDir?: string | undefined;
  /** Working directory of calls: see `setPwdDir`. @default the home directory */
  pwdDir?: string | undefined;
  /** How arguments and results become the wire's values: see `setSerializer`. @default `defaultSerializer` */
  serializer?: Serializer | undefined;
}

/** Of sessions, where the options say nothing. */
export const sessionDefaults = { workers: 4, resumeTimeout: 30_000, heartbeatInterval: 15_000 };

/** What a session is told of them. */
export function streamSettings(options: RemoteClientOptions): StreamSettings {
  const { workers, resumeTimeout, heartbeatInterval } = options;
  return {
    workers: workers ?? sessionDefaults.workers,
    lease: resumeTimeout ?? sessionDefaults.resumeTimeout,
    heartbeat: heartbeatInterval ?? sessionDefaults.heartbeatInterval,
  };
}

const known = [
  "runtime",
  "python",
  "node",
  "autoInstall",
  "transport",
  "workers",
  "resumeTimeout",
  "heartbeatInterval",
  "sremoteDir",
  "tmpDir",
  "pwdDir",
  "serializer",
];

export function checkClientOptions(connector: unknown, options: unknown): asserts options is RemoteClientOptions {
  checkConnectorShape(connector);
  if (!isPlainObject(options)) throw new InvalidArgumentError("options", `an object${given(options)}`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw unknownOption("options", key, known);
  }
  const { runtime, python, node, autoInstall, serializer } = options;
  if (runtime !== undefined && runtime !== "python" && runtime !== "node")
    throw new InvalidArgumentError("options.runtime", `"python" or "node"${given(runtime)}`);
  if (python !== undefined) checkText("options.python", python, "the path of a Python interpreter on the host");
  if (node !== undefined) checkText("options.node", node, "the path of Node on the host");
  if (autoInstall !== undefined && typeof autoInstall !== "boolean")
    throw new InvalidArgumentError("options.autoInstall", `true or false${given(autoInstall)}`);
  const { transport, workers, resumeTimeout, heartbeatInterval } = options;
  if (transport !== undefined && transport !== "auto" && transport !== "spool")
    throw new InvalidArgumentError("options.transport", `"auto" or "spool"${given(transport)}`);
  if (workers !== undefined)
    checkNumber(
      "options.workers",
      workers,
      "a whole number from 1 to 1024",
      (value) => Number.isInteger(value) && value >= 1 && value <= 1024,
    );
  if (resumeTimeout !== undefined)
    checkNumber(
      "options.resumeTimeout",
      resumeTimeout,
      "a number of milliseconds from 1000 to 2147483647 (24.8 days)",
      (value) => value >= 1000 && value < 2 ** 31,
    );
  if (heartbeatInterval !== undefined)
    checkNumber(
      "options.heartbeatInterval",
      heartbeatInterval,
      "a number of milliseconds from 100 to 2147483647 (24.8 days)",
      (value) => value >= 100 && value < 2 ** 31,
    );
  if (serializer !== undefined) checkSerializer("options.serializer", serializer);
}

function checkNumber(name: string, value: unknown, what: string, fits: (value: number) => boolean): void {
  if (typeof value !== "number" || !fits(value)) throw new InvalidArgumentError(name, `${what}${given(value)}`);
}
