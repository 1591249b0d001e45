/* What sremote/fleet exports: 39 values, 77 types. `npm run api` writes this. */

/* Values */

declare class Fleet implements AsyncDisposable, Iterable<Fleet> {
  readonly hosts: HostSet;
  get length(): number;
  get configuration(): ResolvedConfiguration;
  at(position: Position): Fleet;
  range(first?: Position, last?: Position): Fleet;
  slice(start?: Position, end?: Position): Fleet;
  union(...others: readonly Hosts[]): Fleet;
  intersect(hosts: Hosts): Fleet;
  only(hosts: Hosts): Fleet;
  except(hosts: Hosts): Fleet;
  pick(count: number, random?: () => number): Fleet;
  filter(isWanted: (host: Host, index: number) => boolean): Fleet;
  [Symbol.iterator](): Iterator<Fleet>;
  cd(path: string | readonly string[]): Fleet;
  run(command: RunCommand, options?: RunOptions): Run<RemoteProcess>;
  ship(path: string, options?: ShipOptions): ShippedCode;
  call<T = unknown>(
    module: string,
    fn: string,
    args?: CallArguments | ((host: Host, index: number) => CallArguments),
    options?: FleetCallOptions,
  ): Run<RemoteCall<T>>;
  map<T = unknown>(module: string, fn: string, items: MapItems, options: SettledFleetMap): RemoteMap<MapResult<T>>;
  map<T = unknown>(module: string, fn: string, items: MapItems, options?: FleetMapOptions): RemoteMap<T>;
  push(sources: string | readonly string[], destination: string, options?: FleetTransferOptions): Run<RemoteTransfer>;
  pull(sources: string | readonly string[], destination: string, options?: FleetTransferOptions): Run<RemoteTransfer>;
  sync(
    here: string,
    there: string,
    options: FleetTransferOptions & {
      direction: "push" | "pull";
    },
  ): Run<RemoteTransfer>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
declare class Host implements Readonly<HostOptions> {
  readonly name: string;
  readonly address: string;
  readonly username: string | null | undefined;
  readonly port: number | null | undefined;
  readonly privateKeyPath: string | null | undefined;
  readonly key: string;
  constructor(options: HostOptions, argument?: string);
  static from(host: HostLike, argument?: string): Host;
  equals(other: Host): boolean;
  with(changes: Partial<HostOptions>): Host;
  sshOptions(
    call?: ConnectionParameters,
    defaults?: ConnectionParameters,
  ): Pick<SshOptions, "host" | "username" | "port" | "privateKeyPath">;
  toString(): string;
}
declare class HostSet implements Iterable<Host> {
  constructor(hosts?: Iterable<HostLike>);
  get length(): number;
  get names(): string[];
  [Symbol.iterator](): Iterator<Host>;
  has(host: HostLike): boolean;
  indexOf(host: Host): number;
  at(position: Position): Host;
  range(first?: Position, last?: Position): HostSet;
  slice(start?: Position, end?: Position): HostSet;
  union(...others: readonly (Iterable<HostLike> | string)[]): HostSet;
  except(hosts: Iterable<HostLike> | string): HostSet;
  intersect(hosts: Iterable<HostLike> | string): HostSet;
  pick(count: number, random?: () => number): HostSet;
  filter(isWanted: (host: Host, index: number) => boolean): HostSet;
  map<T>(convert: (host: Host, index: number) => T): T[];
  toString(): string;
}
declare class OutputTree {
  get size(): number;
  get names(): string[];
  touch(name: string): void;
  add(name: string, line: string): void;
  lines(name: string): string[] | undefined;
  groups(): OutputGroup[];
}
declare class RemoteProcess extends Job {
  readonly command: Command;
  write(data: string | Uint8Array): Promise<void>;
  endInput(): Promise<void>;
  sendSignal(signal: Signal): Promise<void>;
  expect(patterns: Pattern | readonly Pattern[], options?: ExpectOptions): Promise<Match | null>;
  reset(): Promise<this>;
}
declare class Report implements Reportable {
  readonly name: string;
  constructor(parts?: Iterable<Reportable>, name?: string);
  add(...parts: readonly Reportable[]): this;
  reports(): Reportable[];
  get color(): ColorChoice | undefined;
  stats(): Stats;
  output(options?: ReportOutputOptions): string;
}
declare class RunError extends SremoteError {
  get name(): string;
  constructor(result: RunResult);
  get result(): RunResult;
}
declare class Timer {
  readonly timeout: number | null;
  constructor(options?: TimerOptions);
  start(): this;
  get startDate(): Date;
  elapsed(): number;
  remaining(): number | null;
  waitElapsed(
    duration: Duration,
    options?: {
      signal?: AbortSignal | undefined;
    },
  ): Promise<this>;
}
declare function allOf<R extends Run>(runs: readonly R[], options?: WaitForOptions): Promise<R[]>;
declare function createLogger(options?: LoggerOptions): Logger;
declare function defineConfig(configuration: FleetConfiguration): FleetConfiguration;
declare function display(run: Run, options?: DisplayOptions): Promise<void>;
declare function each(commands: readonly (string | Command)[]): EachCommand;
declare function expand(nodes: string, options?: ExpandOptions): string[];
declare function firstOf<R extends Run>(runs: readonly R[], options?: WaitForOptions): Promise<R[]>;
declare function fleet(hosts: HostLike | Iterable<HostLike>, options?: FleetOptions): Fleet;
declare function fold(names: Iterable<string>): string;
declare function formatDate(
  date: Date | null | undefined,
  options?: {
    milliseconds?: boolean | undefined;
  },
): string;
declare function formatDifferences(groups: readonly OutputGroup[], context?: number): string;
declare function formatDuration(
  duration: number | null | undefined,
  options?: {
    milliseconds?: boolean | undefined;
  },
): string;
declare function formatGathered(groups: readonly OutputGroup[], options?: FormatGatheredOptions): string;
declare function gather(outputs: Iterable<readonly [name: string, output: string]> | Readonly<Record<string, string>>): OutputGroup[];
declare function hostDestinations(destination: string, hosts: HostSet, options?: DestinationOptions): string[];
declare function hostSet(hosts: HostLike | Iterable<HostLike>, options?: HostSetOptions): HostSet;
declare const insecureCluster: Readonly<Pick<ResolvedConfiguration, "hostKey">>;
declare function isOk(process: ProcessRecord): boolean;
declare function loadConfiguration(path?: string): Promise<FleetConfiguration>;
declare function loadGroups(path: string): Promise<Groups>;
declare function localFleet(options?: Omit<FleetOptions, "connect"> & LocalOptions): Fleet;
declare function parallel(runs: readonly Run[], options?: CompositeOptions): Run;
declare function parseDate(date: DateLike, options?: DateOptions): Date;
declare function parseDate(date: DateLike | null | undefined, options?: DateOptions): Date | null;
declare function parseDuration(duration: Duration, options?: DurationOptions): number;
declare function parseDuration(duration: Duration | null | undefined, options?: DurationOptions): number | null;
declare function parseGroups(text: string, source?: string): Groups;
declare function reportOn(name: string, processes: Iterable<ProcessRecord>): Reportable;
declare function resolveConfiguration(...configurations: readonly (FleetConfiguration | undefined)[]): ResolvedConfiguration;
declare function sequence(steps: readonly Step[], options?: SequenceOptions): Run;
declare function sleep(
  time:
    | Duration
    | {
        delay?: Duration | null | undefined;
        until?: DateLike | null | undefined;
      },
  options?: SleepOptions,
): Promise<void>;
declare function sshConfigHosts(path?: string): Promise<string[]>;
declare function substitute(text: string, hosts: Iterable<Host>, options?: SubstituteOptions): string[];

/* Types */

type Again<J extends Job = Job> = "failed" | "unreachable" | "all" | ((job: J) => boolean);
interface Clock {
  now(): number;
  monotonic(): number;
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
declare class CollectedOutput implements Tap {
  constructor(limit: number, memory: OutputMemory);
  chunk({ stream, bytes, lost }: OutputChunk): void;
  get chunks(): readonly OutputChunk[];
  bytes(stream?: StreamName): Uint8Array;
  text(stream?: StreamName): string;
  total(stream?: StreamName): number;
  drop(): void;
  get truncated(): boolean;
  isCut(stream?: StreamName): boolean;
  readNew(): string;
}
type ColorChoice = boolean | "auto";
type CommandForHost = (host: Host, index: number) => string | Command;
interface CompositeOptions {
  name?: string | undefined;
  timeout?: Duration | null | undefined;
  concurrency?: number | undefined;
  signal?: AbortSignal | undefined;
}
interface ConfiguredHost extends Omit<HostOptions, "name" | "address"> {
  address?: string | undefined;
  connect?: ConnectorSettings | (() => Connector) | undefined;
}
interface ConnectionParameters {
  username?: string | null | undefined;
  port?: number | null | undefined;
  privateKeyPath?: string | null | undefined;
}
type ConnectorFactory = (host: Host, configuration: ResolvedConfiguration) => Connector;
type ConnectorSettings =
  | ({
      kind: "docker";
    } & DockerOptions)
  | ({
      kind: "firecrest";
    } & FirecrestOptions)
  | ({
      kind: "jupyter";
    } & JupyterOptions)
  | ({
      kind: "local";
    } & LocalOptions)
  | ({
      kind: "newt";
    } & NewtOptions)
  | ({
      kind: "openssh";
    } & OpenSshOptions)
  | ({
      kind: "sfapi";
    } & SfapiOptions)
  | ({
      kind: "ssh";
    } & SshOptions);
type DateLike = Date | number | string;
interface DateOptions {
  argument?: string | undefined;
  now?: (() => number) | undefined;
}
interface DestinationOptions {
  lists?: Lists | undefined;
  labels?: ReadonlyMap<string, string> | undefined;
}
interface DisplayOptions {
  writeTo?:
    | (Writable & {
        isTTY?: boolean;
        columns?: number;
      })
    | undefined;
  lines?: boolean | undefined;
  hostLines?: number | undefined;
  color?: ColorChoice | undefined;
  signal?: AbortSignal | undefined;
}
type Duration = number | string;
interface DurationOptions {
  argument?: string | undefined;
  bare?: "seconds" | "minutes" | undefined;
}
interface EachCommand {
  readonly each: readonly (string | Command)[];
}
type EndReason = "exit" | "timeout" | "killed" | "unreachable" | "error";
type Environment = Readonly<Record<string, string>>;
interface ExpandOptions {
  groups?: GroupsLike | undefined;
  known?: Iterable<string> | undefined;
  limit?: number | undefined;
}
interface ExpectOptions {
  timeout?: Duration | null | undefined;
  stream?: StreamName | "both" | undefined;
  signal?: AbortSignal | undefined;
}
interface FleetCallOptions
  extends Omit<CallOptions, "stdout" | "stderr" | "id" | "timeout" | "signal" | "returns" | "objectTimeout">, OutputOptions {
  name?: string | undefined;
  timeout?: RunOptions["timeout"];
  hostTimeout?: RunOptions["timeout"];
  concurrency?: number | undefined;
  ignore?: RunOptions["ignore"];
  autoStart?: boolean | undefined;
  signal?: RunOptions["signal"];
}
interface FleetConfiguration extends ConnectionParameters {
  hosts?: Readonly<Record<string, ConfiguredHost>> | undefined;
  groups?: Readonly<Record<string, string | readonly string[]>> | Groups | string | undefined;
  connector?: "ssh" | "openssh" | undefined;
  hostKey?: FleetHostKeyPolicy | undefined;
  sshConfig?: boolean | string | undefined;
  connectTimeout?: Duration | undefined;
  concurrency?: number | undefined;
  timeout?: Duration | null | undefined;
  forceKillAfterDelay?: Duration | undefined;
  pty?: boolean | undefined;
  outputInLog?: number | undefined;
  logLevel?: LogLevel | undefined;
  color?: ColorChoice | undefined;
}
type FleetHostKeyPolicy = "strict" | "accept-new" | "insecure";
interface FleetMapOptions extends Omit<MapOptions, "timeout"> {
  concurrency?: number | undefined;
  timeout?: Duration | undefined;
}
interface FleetOptions extends FleetConfiguration, Pick<HostSetOptions, "usernames" | "known"> {
  configuration?: FleetConfiguration | undefined;
  connect?: ConnectorFactory | undefined;
  retries?: number | undefined;
  logger?: Logger | undefined;
  client?: RemoteClientOptions | undefined;
}
interface FleetTransferOptions
  extends
    Omit<CopyOptions, "timeout" | "signal" | "onProgress">,
    Pick<FleetCallOptions, "name" | "timeout" | "hostTimeout" | "concurrency" | "ignore" | "autoStart" | "signal"> {
  lists?: RunOptions["lists"];
  onProgress?: ((progress: TransferProgress, host: Host) => void) | undefined;
}
interface FormatGatheredOptions {
  style?: "lines" | "blocks" | undefined;
}
interface GatherOptions {
  stream?: "stdout" | "stderr" | "both" | undefined;
}
type Groups = ReadonlyMap<string, string>;
type GroupsLike = Groups | Readonly<Record<string, string | readonly string[]>>;
type HostLike = string | HostOptions | Host;
interface HostLine<J extends Job = Job> extends Line {
  readonly host: string;
  readonly job: J;
}
interface HostOptions extends ConnectionParameters {
  address: string;
  name?: string | undefined;
}
interface HostSetOptions extends ExpandOptions {
  usernames?: readonly (string | null)[] | undefined;
  hosts?: Readonly<Record<string, ConfiguredHost>> | undefined;
}
type Hosts = Fleet | Iterable<HostLike> | string;
type Ignorable = "exit" | "timeout" | "error";
declare abstract class Job implements ProcessRecord, AsyncIterable<Line>, AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly host: Host | undefined;
  readonly ignore: readonly Ignorable[];
  get state(): Phase;
  get startDate(): Date | null;
  get endDate(): Date | null;
  get reason(): EndReason | null;
  get exitCode(): number | null;
  get signal(): string | null;
  get forcedKill(): boolean | null;
  get error(): SremoteError | undefined;
  get ended(): boolean;
  get ok(): boolean;
  get output(): CollectedOutput;
  get stdout(): string;
  get stderr(): string;
  get truncated(): boolean;
  start(): this;
  wait(options?: WaitOptions): Promise<number | null>;
  run(options?: WaitOptions): Promise<this>;
  kill(signal?: Signal, options?: KillOptions): Promise<this>;
  reset(): Promise<this>;
  readNew(): string;
  on<Name extends keyof JobEvents<this>>(event: Name, handler: (value: JobEvents<this>[Name]) => void | Promise<void>): () => void;
  lines(): AsyncIterableIterator<Line>;
  chunks(): AsyncIterableIterator<OutputChunk>;
  [Symbol.asyncIterator](): AsyncIterableIterator<Line>;
  [Symbol.asyncDispose](): Promise<void>;
  get waitsFor(): string | undefined;
}
interface JobEvents<J> {
  start: J;
  end: J;
  reset: J;
  output: OutputChunk;
  line: Line;
}
interface KillOptions {
  forceKillAfterDelay?: Duration | undefined;
}
interface Line {
  readonly stream: StreamName;
  readonly text: string;
}
type Lists = Readonly<Record<string, Iterable<string | number | Host>>>;
type LogLevel = (typeof logLevels)[number];
interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
interface LoggerOptions {
  level?: LogLevel | undefined;
  write?: ((line: string) => void) | undefined;
  now?: (() => number) | undefined;
}
interface Match {
  readonly index: number;
  readonly text: string;
  readonly groups: readonly (string | undefined)[];
  readonly before: string;
}
interface OutputChunk {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
  readonly lost?: boolean;
}
interface OutputGroup {
  readonly names: readonly string[];
  readonly lines: readonly string[];
  readonly truncated?: boolean | undefined;
}
interface OutputOptions {
  tee?: boolean | Writable | undefined;
  logDir?: string | undefined;
  totalOutputLimit?: number | undefined;
}
type Pattern = string | RegExp;
type Phase = "idle" | "starting" | "running" | "ending" | "ended";
interface Placement {
  cwd?: string | undefined;
  cpu?: number | readonly number[] | string | undefined;
  realtime?: boolean | number | undefined;
}
type Position = number | string;
interface ProcessOptions extends Placement {
  name?: string | undefined;
  host?: Host | undefined;
  timeout?: Duration | null | undefined;
  forceKillAfterDelay?: Duration | undefined;
  ignore?: readonly Ignorable[] | undefined;
  env?: Environment | undefined;
  stdin?: string | Uint8Array | true | undefined;
  pty?: boolean | PtySize | undefined;
  output?: "collect" | "live" | "discard" | undefined;
  outputLimit?: number | undefined;
  killOnDisconnect?: boolean | undefined;
  signal?: AbortSignal | undefined;
  logger?: Logger | undefined;
  outputInLog?: number | undefined;
}
interface ProcessRecord {
  readonly startDate: Date | null;
  readonly endDate: Date | null;
  readonly reason: EndReason | null;
  readonly exitCode: number | null;
  readonly signal?: string | null | undefined;
  readonly forcedKill?: boolean | null | undefined;
  readonly ignore?: readonly Ignorable[] | undefined;
}
type Reach = (signal: AbortSignal) => Promise<Connector>;
declare class RemoteCall<T = unknown> extends Job {
  get value(): T | undefined;
  get result(): CallResult<T> | undefined;
}
declare class RemoteTransfer extends Job {
  get result(): TransferResult | undefined;
}
interface RenderOptions {
  lists?: Lists | undefined;
  substitution?: "quoted" | "raw" | undefined;
}
interface ReportOutputOptions {
  wide?: boolean | undefined;
  brief?: boolean | undefined;
  color?: ColorChoice | undefined;
}
interface Reportable {
  readonly name: string;
  stats(): Stats;
  readonly color?: ColorChoice | undefined;
  reports?(): readonly Reportable[];
}
interface ResolvedConfiguration {
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
declare abstract class Run<J extends Job = Job>
  implements PromiseLike<RunResult<J>>, AsyncIterable<HostLine<J>>, AsyncDisposable, Reportable
{
  readonly id: string;
  readonly name: string;
  readonly concurrency: number;
  abstract get jobs(): readonly J[];
  abstract get parts(): readonly Run<J>[];
  get state(): "idle" | "started" | "ended";
  get ended(): boolean;
  get result(): RunResult<J>;
  get ok(): boolean;
  get failed(): HostSet;
  get unreachable(): HostSet;
  get color(): ColorChoice | undefined;
  stats(): Stats;
  reports(): readonly Reportable[];
  gather(options?: GatherOptions): OutputGroup[];
  start(): this;
  wait(options?: WaitOptions): Promise<(number | null)[]>;
  kill(signal?: Signal, options?: KillOptions): Promise<RunResult<J>>;
  orThrow(): Promise<RunResult<J>>;
  rerun(which?: Again<J>): Run<J>;
  on(event: "start" | "end", handler: (job: J) => void): () => void;
  on(event: "line", handler: (line: HostLine<J>) => void | Promise<void>): () => void;
  on(event: "over", handler: () => void): () => void;
  lines(): AsyncIterableIterator<HostLine<J>>;
  completed(): AsyncIterableIterator<J>;
  [Symbol.asyncIterator](): AsyncIterableIterator<HostLine<J>>;
  readNew(): [host: string, output: string][];
  then<A = RunResult<J>, B = never>(
    fulfilled?: ((result: RunResult<J>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  [Symbol.asyncDispose](): Promise<void>;
}
type RunCommand = string | Command | EachCommand | CommandForHost;
interface RunOptions extends Omit<ProcessOptions, "host" | "name" | "timeout" | "signal">, RenderOptions, OutputOptions {
  name?: string | undefined;
  timeout?: Duration | null | undefined;
  hostTimeout?: Duration | null | undefined;
  concurrency?: number | undefined;
  autoStart?: boolean | undefined;
  signal?: AbortSignal | undefined;
}
declare class RunResult<J extends Job = Job> {
  readonly name: string;
  readonly jobs: readonly J[];
  get ok(): boolean;
  get failed(): HostSet;
  get unreachable(): HostSet;
  get succeeded(): HostSet;
  get exitCodes(): (number | null)[];
  get worst(): number | null;
  stats(): Stats;
  gather(options?: GatherOptions): OutputGroup[];
  format(options?: GatherOptions & FormatGatheredOptions): string;
  differences(options?: GatherOptions): string;
  orThrow(): this;
}
interface SequenceOptions extends CompositeOptions {
  onError?: "stop" | "continue" | undefined;
}
type SettledFleetMap = FleetMapOptions & {
  settled: true;
};
type Signal = (typeof signals)[number];
interface SleepOptions {
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}
interface Stats {
  readonly startDate: Date | null;
  readonly endDate: Date | null;
  readonly numProcesses: number;
  readonly started: number;
  readonly ended: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly forcedKills: number;
  readonly nonZeroExitCodes: number;
  readonly unreachable: number;
  readonly ok: number;
}
type Step = Run | ((before: readonly RunResult[]) => Run | undefined | void | Promise<void>);
type StreamName = "stdout" | "stderr";
interface SubstituteOptions {
  lists?: Lists | undefined;
  quote?: ((value: string) => string) | undefined;
  ofHost?: ((value: string) => string) | undefined;
  argument?: string | undefined;
}
interface TimerOptions {
  timeout?: Duration | null | undefined;
  clock?: Clock | undefined;
}
interface WaitForOptions {
  timeout?: Duration | null | undefined;
  signal?: AbortSignal | undefined;
}
interface WaitOptions {
  timeout?: Duration | null | undefined;
  kill?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/* Types that these are made of, and that users cannot name */

interface Block {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly checksum: number;
  readonly owner: OutputAccount;
  uses: number;
}
declare class OutputAccount {
  constructor(memory: OutputMemory, share: number);
  get memory(): OutputMemory;
  take(bytes: number): number;
  give(bytes: number): void;
  settle(): void;
}
declare class OutputMemory {
  constructor(limit?: number, processes?: number);
  open(): OutputAccount;
  intern(owner: OutputAccount, bytes: Uint8Array): Block;
  release(block: Block): void;
}
interface Tap {
  chunk(chunk: OutputChunk): void | Promise<void>;
  end?(): void | Promise<void>;
}
declare const logLevels: readonly ["debug", "info", "warn", "error", "silent"];
declare const signals: readonly ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT"];
