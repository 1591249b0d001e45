/* What may be configured. */
import type { ColorChoice } from "../color.ts";
import type { ConfiguredHost, ConnectionParameters } from "../host/index.ts";
import type { LogLevel } from "../log/index.ts";
import type { Groups } from "../node-set/index.ts";
import type { Duration } from "../time/index.ts";

/**
 * How hosts must prove who they are. `strict`: by a key in known_hosts. `accept-new`: a host without one there is believed once.
 * `insecure`: any key of any host is believed, each time, as execo does: an attacker in between can read and change everything.
 */
export type FleetHostKeyPolicy = "strict" | "accept-new" | "insecure";

/** In all of these undefined is not said, and null says none. */
export interface FleetConfiguration extends ConnectionParameters {
  /** Hosts by name. Wildcards match these names. @default none */
  hosts?: Readonly<Record<string, ConfiguredHost>> | undefined;
  /**
   * Node sets by name, also as `loadGroups` returns them. In a file of the configuration: or the path of a file of groups.
   *
   * @default none
   */
  groups?: Readonly<Record<string, string | readonly string[]>> | Groups | string | undefined;
  /** Which SSH: ssh2, or the system's `ssh`. @default `ssh` */
  connector?: "ssh" | "openssh" | undefined;
  /** Which host keys are accepted: see {@link FleetHostKeyPolicy}. @default `strict` */
  hostKey?: FleetHostKeyPolicy | undefined;
  /** The user's ssh_config (true), none (false), or another file. @default true */
  sshConfig?: boolean | string | undefined;
  /** Milliseconds, or text with a unit, for reaching a host and logging in. @default 20 000 */
  connectTimeout?: Duration | undefined;
  /** Processes, transfers and calls at the same time. @default 64, as clush */
  concurrency?: number | undefined;
  /** Milliseconds, or text with a unit, for a run as a whole. @default none */
  timeout?: Duration | null | undefined;
  /** Milliseconds, or text with a unit, between asking a process to end and SIGKILL. @default 5000 */
  forceKillAfterDelay?: Duration | undefined;
  /**
   * A terminal for remote processes; stdout and stderr are one then.
   *
   * @default false (execo: true, to end remote processes with the link)
   */
  pty?: boolean | undefined;
  /** Characters of output in a message of the log; what is more is left out in the middle. @default 4096 */
  outputInLog?: number | undefined;
  /** From which level on failures are logged. @default `warn` */
  logLevel?: LogLevel | undefined;
  /** Colours in `display` and reports. @default `auto`: on terminals, if `NO_COLOR` is not set */
  color?: ColorChoice | undefined;
}

/** A configuration in which everything is said. Durations are milliseconds. */
export interface ResolvedConfiguration {
  readonly username: string | null;
  readonly port: number | null;
  readonly privateKeyPath: string | null;
  readonly hosts: Readonly<Record<string, ConfiguredHost>>;
  readonly groups: Groups;
  readonly connector: "ssh" | "openssh";
  readonly hostKey: FleetHostKeyPolicy;
  readonly sshConfig: boolean | string;
  readonly connectTimeout: number;
  readonly concurrency: number;
  readonly timeout: number | null;
  readonly forceKillAfterDelay: number;
  readonly pty: boolean;
  readonly outputInLog: number;
  readonly logLevel: LogLevel;
  readonly color: ColorChoice;
}

/** What holds where nothing is said: execo's values, but that hosts must prove who they are, and that no terminal is asked for. */
export const defaultConfiguration: ResolvedConfiguration = Object.freeze({
  username: null,
  port: null,
  privateKeyPath: null,
  hosts: Object.freeze({}),
  groups: new Map<string, string>(),
  connector: "ssh",
  hostKey: "strict",
  sshConfig: true,
  connectTimeout: 20_000,
  concurrency: 64,
  timeout: null,
  forceKillAfterDelay: 5000,
  pty: false,
  outputInLog: 4096,
  logLevel: "warn",
  color: "auto",
});

/**
 * For clusters whose nodes are installed anew all the time, on a network of their own: **any host key is believed**, and none is
 * remembered. This is what execo does by default; here it has to be said.
 */
export const insecureCluster: Readonly<Pick<ResolvedConfiguration, "hostKey">> = Object.freeze({ hostKey: "insecure" });
