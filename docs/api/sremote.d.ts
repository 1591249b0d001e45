/* What sremote exports: 40 values, 134 types. `npm run api` writes this. */

/* Values */

declare class Call<T = unknown> implements Promise<CallResult<T>>, AsyncIterable<ItemOf<T>> {
  get id(): string;
  get stdout(): CallOutput;
  get stderr(): CallOutput;
  cancel(reason?: unknown): Promise<void>;
  get value(): Promise<T>;
  items(): AsyncGenerator<ItemOf<T>, void, undefined>;
  [Symbol.asyncIterator](): AsyncGenerator<ItemOf<T>, void, undefined>;
  then<A = CallResult<T>, B = never>(
    fulfilled?: ((result: CallResult<T>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<CallResult<T> | B>;
  finally(callback?: (() => void) | null): Promise<CallResult<T>>;
  get [Symbol.toStringTag](): string;
}
declare class Column implements Iterable<Cell> {
  readonly name: string;
  readonly label: ColumnLabel;
  constructor(values: ColumnValues, options?: ColumnOptions);
  get type(): ColumnType;
  get length(): number;
  get data(): TypedArray | undefined;
  get nulls(): Uint8Array | undefined;
  get offsets(): Int32Array | undefined;
  get unit(): TimeUnit | undefined;
  get zone(): string | undefined;
  get categories(): Column | undefined;
  get ordered(): boolean;
  get items(): Column | undefined;
  isNull(row: number): boolean;
  get(row: number): Cell;
  toArray(): Cell[];
  toNumbers(): (number | null)[];
  [Symbol.iterator](): IterableIterator<Cell>;
  toString(): string;
}
declare class ConnectError extends SremoteError {
  get name(): string;
}
declare class Interpreter implements AsyncDisposable {
  readonly name: string | undefined;
  run<T = unknown>(code: string, options?: SnippetOptions): SnippetCall<T>;
  set(name: string, value: unknown, options?: VariableOptions): Promise<void>;
  get<T = unknown>(
    name: string,
    options: VariableOptions & {
      returns: "object";
    },
  ): Promise<RemoteObject<T>>;
  get<T = unknown>(name: string, options?: VariableOptions): Promise<T>;
  interrupt(): Promise<boolean>;
  restart(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
declare class InvalidArgumentError extends SremoteError {
  get name(): string;
  constructor(argument: string, expected?: string, options?: SremoteErrorOptions);
}
declare class NdArray {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: Dtype | TimeDtype;
  readonly order: Order;
  constructor(data: TypedArray, shape: readonly number[], options?: NdArrayOptions);
  get size(): number;
  get bytes(): Uint8Array;
  get(...indices: number[]): Element;
  toNested(): Nested;
  toNumbers(): number[];
}
declare class OutcomeUnknownError extends SremoteError {
  get name(): string;
}
declare class ProtocolError extends SremoteError {
  get name(): string;
}
declare class RemoteClient implements AsyncDisposable {
  readonly connector: Connector;
  constructor(connector: Connector, options?: RemoteClientOptions);
  doRemoteCall<T = unknown>(
    module: string,
    fn: string,
    args: CallArguments | undefined,
    options: ReturnsObject,
  ): Promise<CallResult<RemoteObject<T>>>;
  doRemoteCall<T = unknown>(module: string, fn: string, args?: CallArguments, options?: CallOptions): Promise<CallResult<T>>;
  call<T = unknown>(module: string, fn: string, args: CallArguments | undefined, options: ReturnsObject): Call<RemoteObject<T>>;
  call<T = unknown>(module: string, fn: string, args?: CallArguments, options?: CallOptions): Call<T>;
  map<T = unknown>(module: string, fn: string, items: MapItems, options: SettledMap): RemoteMap<MapResult<T>>;
  map<T = unknown>(module: string, fn: string, items: MapItems, options?: MapOptions): RemoteMap<T>;
  module<M = unknown>(name: string, options: ReturnsObject): RemoteModule<M, "object">;
  module<M = unknown>(name: string, options?: CallOptions): RemoteModule<M>;
  kwargs(values: Readonly<Record<string, unknown>>): KeywordArguments;
  constant<T = unknown>(module: string, name: string, options: ReturnsObject): Promise<RemoteObject<T>>;
  constant<T = unknown>(module: string, name: string, options?: CallOptions): Promise<T>;
  interpreter(options?: InterpreterOptions): Promise<Interpreter>;
  ship(path: string, options?: ShipOptions): ShippedCode;
  script(path: string, args?: readonly string[], options?: ScriptOptions): Call<number>;
  get python(): PythonTag;
  fn<A extends readonly unknown[], R>(fn: (...args: A) => R, options: FnOptions & Pick<ReturnsObject, "returns">): RemoteObjectFn<A, R>;
  fn<A extends readonly unknown[], R>(fn: (...args: A) => R, options?: FnOptions): RemoteFn<A, R>;
  bootstrapInstall(options?: BootstrapOptions): Promise<BootstrapResult>;
  installGitModule(url: string, branch?: string, name?: string, options?: InstallOptions): Promise<void>;
  installPackages(packages: readonly string[], options?: InstallOptions): Promise<void>;
  isModuleInstalled(
    name: string,
    options?: {
      runtime?: Runtime;
    } & OperationOptions,
  ): Promise<boolean>;
  registerRemoteModule(
    name: string,
    version?: string,
    options?: {
      runtime?: Runtime;
    },
  ): void;
  registerRemoteEnvVariable(
    name: string,
    value: string,
    options?: {
      onlyIfUnset?: boolean;
    },
  ): void;
  registerRemoteEnvPath(path: string): void;
  doSelfDiscovery(fileName?: string, options?: OperationOptions): Promise<Discovery>;
  setSremoteDir(path: string): void;
  setTmpDir(path: string): void;
  setTmpAtHomeDir(path: string): void;
  setPwdDir(path: string): void;
  setPwdAtHomeDir(path: string): void;
  getPwd(options?: OperationOptions): Promise<string>;
  setSerializer(serializer: Serializer): void;
  on<N extends ClientEventName>(event: N, handler: (event: ClientEvents[N]) => unknown): () => void;
  status(options?: OperationOptions): Promise<ConnectorStatus>;
  probe(options?: OperationOptions): Promise<HostReport>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
declare class RemoteExecError extends SremoteError {
  get name(): string;
  readonly outcome: Outcome;
  readonly remote: Failure | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  constructor(code: Code, text: string, details: RemoteExecDetails);
  get output(): RemoteExecDetails["output"];
}
declare class RemoteIterable<T = unknown> implements AsyncIterator<T, unknown>, AsyncIterable<T>, AsyncDisposable {
  next(): Promise<IteratorResult<T, unknown>>;
  return(value?: unknown): Promise<IteratorResult<T, unknown>>;
  [Symbol.asyncIterator](): this;
  [Symbol.asyncDispose](): Promise<void>;
}
declare class RemoteMap<T = unknown> implements Promise<T[]>, AsyncIterable<T>, AsyncDisposable {
  get stdout(): CallOutput;
  get stderr(): CallOutput;
  get lostHosts(): readonly LostHost[];
  cancel(reason?: unknown): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>;
  then<A = T[], B = never>(
    fulfilled?: ((results: T[]) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T[] | B>;
  finally(callback?: (() => void) | null): Promise<T[]>;
  get [Symbol.toStringTag](): string;
}
declare class RemoteModulesError extends SremoteError {
  get name(): string;
}
declare class RemoteNotSetupError extends SremoteError {
  get name(): string;
}
declare class RemoteObject<O = unknown> implements AsyncDisposable, AsyncIterable<ItemsOfObject<O>> {
  readonly type: string;
  call<K extends MethodName<O>>(
    method: K,
    args: ArgumentsOf<Method<O, K>["args"]> | undefined,
    options: ReturnsObject,
  ): Call<RemoteObject<Awaited<Method<O, K>["result"]>>>;
  call<K extends MethodName<O>>(
    method: K,
    args?: ArgumentsOf<Method<O, K>["args"]>,
    options?: CallOptions,
  ): Call<ResultOf<Method<O, K>["result"]>>;
  call<T = unknown>(method: UnknownName<O>, args: CallArguments | undefined, options: ReturnsObject): Call<RemoteObject<T>>;
  call<T = unknown>(method: UnknownName<O>, args?: CallArguments, options?: CallOptions): Call<T>;
  apply<T = unknown>(args: CallArguments | undefined, options: ReturnsObject): Call<RemoteObject<T>>;
  apply<T = unknown>(args?: CallArguments, options?: CallOptions): Call<T>;
  get<K extends keyof O & string>(name: K, options: AccessOptions & ReturnsObject): Promise<RemoteObject<Attribute<O, K>>>;
  get<K extends keyof O & string>(name: K, options?: AccessOptions): Promise<Attribute<O, K>>;
  get<T = unknown>(name: UnknownName<O>, options: AccessOptions & ReturnsObject): Promise<RemoteObject<T>>;
  get<T = unknown>(name: UnknownName<O>, options?: AccessOptions): Promise<T>;
  set<K extends keyof O & string>(name: K, value: Attribute<O, K>, options?: AccessOptions): Promise<void>;
  set(name: UnknownName<O>, value: unknown, options?: AccessOptions): Promise<void>;
  item<T = unknown>(key: unknown, options: AccessOptions & ReturnsObject): Promise<RemoteObject<T>>;
  item<T = unknown>(key: unknown, options?: AccessOptions): Promise<T>;
  setItem(key: unknown, value: unknown, options?: AccessOptions): Promise<void>;
  deleteItem(key: unknown, options?: AccessOptions): Promise<void>;
  value<T = O>(options?: AccessOptions): Promise<T>;
  [Symbol.asyncIterator](): AsyncGenerator<ItemsOfObject<O>, void, undefined>;
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
declare class ShippedCode {
  get name(): string;
  get path(): string;
  get runtime(): Runtime;
  get digest(): string;
  get files(): readonly string[];
  unship(): void;
}
declare class SnippetCall<T = unknown> implements Promise<SnippetResult<T>> {
  get id(): string;
  get stdout(): CallOutput;
  get stderr(): CallOutput;
  get parts(): readonly Part[];
  get value(): Promise<T>;
  cancel(reason?: unknown): Promise<void>;
  then<A = SnippetResult<T>, B = never>(
    fulfilled?: ((result: SnippetResult<T>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<SnippetResult<T> | B>;
  finally(callback?: (() => void) | null): Promise<SnippetResult<T>>;
  get [Symbol.toStringTag](): string;
}
declare class SremoteError extends Error {
  readonly code: Code;
  readonly stage: string | undefined;
  readonly host: string | undefined;
  readonly callId: string | undefined;
  readonly hint: string | undefined;
  readonly lastLines: string | undefined;
  readonly details: string;
  constructor(code: Code, text: string, options?: SremoteErrorOptions);
  get name(): string;
  detailsWith(others: { host?: string | undefined; hint?: string | undefined }): string;
  static from(error: unknown, code: Code, options?: SremoteErrorOptions): SremoteError;
  toJSON(): object;
}
declare class Table<R extends object = Row> implements Iterable<R> {
  readonly numRows: number;
  readonly columns: readonly Column[];
  readonly index: readonly Column[] | undefined;
  readonly form: TableForm;
  readonly library: TableLibrary | undefined;
  readonly columnsName: string | undefined;
  constructor(columns: TableColumns, options?: TableOptions);
  get columnNames(): string[];
  column(name: string): Column;
  row(number: number): R;
  withLibrary(library: TableLibrary): Table<R>;
  [Symbol.iterator](): IterableIterator<R>;
  toString(): string;
}
declare class TransferError extends SremoteError {
  get name(): string;
}
declare class UnserializableError extends SremoteError {
  get name(): string;
  readonly path: string;
  constructor(path: string, reason: string, options?: UnserializableErrorOptions);
}
declare const codes: Readonly<Record<Code, string>>;
declare function createConnector(functions: CustomFunctions): Connector;
declare const defaultSerializer: Serializer;
declare function docker(options: DockerOptions): RestConnector;
declare function firecrest(options: FirecrestOptions): RestConnector;
declare function float(value: number | bigint): PythonNumber;
declare function fromBytes(bytes: Uint8Array): string;
declare function hostText(text: string, options?: HostTextOptions): string;
declare function int(value: number | bigint): PythonNumber;
declare function jupyter(options: JupyterOptions): RestConnector;
declare function local(options?: LocalOptions): Connector;
declare function newt(options: NewtOptions): RestConnector;
declare function openssh(destination: string | OpenSshOptions, options?: Omit<OpenSshOptions, "host">): Connector;
declare function sfapi(options: SfapiOptions): RestConnector;
declare function shell(script: string): ShellScript;
declare function ssh(destination: string | SshOptions, options?: Omit<SshOptions, "host">): Connector;
declare function tableFromArrow(table: ArrowTable): Table;
declare function toArrow<T>(table: Table<object>, arrow: ArrowModule<T>): T;
declare function toBytes(text: string, argument?: string): Uint8Array;

/* Types */

type AccessOptions = Pick<CallOptions, "returns" | "objectTimeout" | "timeout" | "signal">;
type AgentKey =
  | string
  | Uint8Array
  | {
      getPublicSSH(): Uint8Array;
    };
interface AgentSignOptions {
  hash?: "sha1" | "sha256" | "sha512";
}
interface AnyModule {
  (...args: unknown[]): Promise<unknown>;
  readonly [name: string]: any;
}
type Argument<T> = T | Call<T> | RemoteObject<T> | (Extract<T, number | bigint> extends never ? never : PythonNumber);
type ArgumentsOf<A> = (A extends readonly unknown[] ? Readonly<Positional<A>> : never) | Readonly<Record<string, unknown>>;
interface ArrowData {
  readonly type: ArrowType;
  readonly length: number;
  readonly offset: number;
  readonly nullCount: number;
  readonly values: unknown;
  readonly valueOffsets: unknown;
  readonly nullBitmap: Uint8Array | null | undefined;
  readonly children: readonly ArrowData[];
  readonly dictionary?: ArrowVector | undefined;
}
interface ArrowModule<T = unknown> {
  readonly Table: new (columns: never) => T;
  readonly makeVector: (data: never) => unknown;
  readonly makeData: (facts: never) => unknown;
}
interface ArrowTable {
  readonly numRows: number;
  readonly schema: {
    readonly fields: readonly {
      readonly name: string;
    }[];
  };
  getChildAt(index: number): ArrowVector | null;
}
interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly isSigned?: boolean;
  readonly precision?: number;
  readonly scale?: number;
  readonly unit?: number;
  readonly timezone?: string | null | undefined;
  readonly isOrdered?: boolean;
}
interface ArrowVector {
  readonly length: number;
  readonly type: ArrowType;
  readonly data: readonly ArrowData[];
  get(index: number): unknown;
}
declare class Attachments {
  constructor(items: readonly Uint8Array[]);
  static from(items: readonly Uint8Array[] | Attachments): Attachments;
  get length(): number;
  take(index: unknown, path: string): Uint8Array;
}
interface AuthenticationPrompt {
  prompt: string;
  echo: boolean;
}
interface BootstrapOptions {
  runtime?: Runtime | undefined;
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
}
interface BootstrapResult {
  base: string;
  interpreter: string;
}
type CallArguments = readonly unknown[] | Readonly<Record<string, unknown>>;
interface CallEvent extends ClientEvent {
  readonly id: string;
  readonly module: string;
  readonly function: string;
  readonly transport: "session" | "spool";
  readonly time: number;
  readonly duration: number;
  readonly outcome: Outcome | undefined;
  readonly code: Code | undefined;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly outputBytes: number;
}
interface CallOptions {
  runtime?: Runtime | undefined;
  kwargs?: Readonly<Record<string, unknown>> | undefined;
  loginEnv?: boolean | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  cwd?: string | undefined;
  timeout?: number | undefined;
  queueTimeout?: number | undefined;
  idleTimeout?: number | undefined;
  signal?: AbortSignal | undefined;
  outputLimit?: number | undefined;
  stdout?: OutputHandling | undefined;
  stderr?: OutputHandling | undefined;
  isolation?: "call" | "worker" | undefined;
  workerName?: string | undefined;
  returns?: "value" | "object" | undefined;
  objectTimeout?: number | undefined;
  prefetch?: number | undefined;
  naiveTimeZone?: string | undefined;
  id?: string | undefined;
}
declare class CallOutput implements AsyncIterable<string> {
  bytes(): AsyncGenerator<Uint8Array, void, undefined>;
  lines(): AsyncGenerator<string, void, undefined>;
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined>;
}
interface CallResult<T = unknown> {
  value: T;
  stdout: string;
  stderr: string;
  output: {
    stdout: CapturedOutput;
    stderr: CapturedOutput;
  };
  usage:
    | {
        wallMs: number;
        cpuMs: number;
        maxRssBytes: number;
      }
    | undefined;
  host: HostFacts;
  modules: Readonly<Record<string, string | null>>;
  callId: string;
}
interface CapturedOutput {
  bytes: Uint8Array;
  total: number;
  truncated: boolean;
}
type Cell = unknown;
type ClientEventName = keyof ClientEvents;
interface ClientEvents {
  connect: ConnectEvent;
  disconnect: DisconnectEvent;
  reconnect: ReconnectEvent;
  call: CallEvent;
}
type Code = (typeof codeNames)[number];
type ColumnLabel = string | number | boolean | null;
interface ColumnOptions {
  type?: ColumnType | undefined;
  nulls?: Uint8Array | readonly boolean[] | undefined;
  zone?: string | undefined;
  categories?: readonly Cell[] | undefined;
  ordered?: boolean | undefined;
}
type ColumnType = Dtype | TimeDtype | TextType | "binary" | "category" | "list" | "object";
type ColumnValues = TypedArray | NdArray | readonly Cell[];
type Command = readonly [string, ...string[]] | ShellScript;
interface ConnectEvent extends ClientEvent {
  readonly time: number;
  readonly duration: number;
}
interface Connector extends AsyncDisposable {
  readonly label: string;
  readonly acceptsStdin: boolean;
  readonly announcesInput?: boolean | undefined;
  exec(command: Command, options?: ExecOptions): Promise<ExecResult>;
  push(source: PushSource, remotePath: string, options?: TransferOptions): Promise<void>;
  pull(remotePath: string, sink: PullSink, options?: TransferOptions): Promise<void>;
  spawn?(command: Command, options?: SpawnOptions): Promise<SpawnedProcess>;
  status(options?: OperationOptions): Promise<ConnectorStatus>;
  close(): Promise<void>;
}
interface ConnectorStatus {
  ok: boolean;
  message: string;
  error?: Error;
}
interface CustomContext {
  readonly signal: AbortSignal;
}
interface CustomFunctions {
  readonly label: string;
  readonly exec: (
    line: string,
    context: CustomContext & {
      readonly stdin?: Uint8Array | undefined;
    },
  ) => Promise<CustomResult>;
  readonly push: (bytes: Uint8Array, remotePath: string, context: CustomTransferContext) => Promise<unknown>;
  readonly pull: (remotePath: string, context: CustomTransferContext) => Promise<Uint8Array>;
  readonly acceptsStdin?: boolean | undefined;
  readonly spawn?: ((line: string, context: CustomContext) => Promise<SpawnedProcess>) | undefined;
  readonly status?: ((context: CustomContext) => Promise<unknown>) | undefined;
  readonly close?: (() => Promise<unknown>) | undefined;
}
interface CustomResult {
  readonly exitCode: number | null;
  readonly signal?: string | null | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}
interface CustomTransferContext extends CustomContext {
  readonly line: string;
}
interface CustomValue {
  readonly name: string;
  readonly json: Readonly<Record<string, string | number>>;
}
type DecodeHooks = Pick<DecodeOptions, "custom">;
interface DisconnectEvent extends ClientEvent {
  readonly time: number;
  readonly code: Code;
  readonly resumes: boolean;
}
interface Discovery {
  found: boolean;
  message: string;
}
interface DockerOptions {
  container: string;
  socketPath?: string | undefined;
  user?: string | undefined;
  cwd?: string | undefined;
}
type Dtype =
  | "bool"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float16"
  | "float32"
  | "float64"
  | "complex64"
  | "complex128";
type Element = number | bigint | boolean | [re: number, im: number] | Date | null;
type EncodeHooks = Pick<EncodeOptions, "custom">;
interface ExecOptions extends OperationOptions {
  stdin?: Uint8Array | readonly Uint8Array[] | undefined;
  outputLimit?: number | undefined;
  onInput?: (() => void) | undefined;
}
interface ExecResult {
  exitCode: number | null;
  signal: string | null;
  stdout: Uint8Array;
  stderr: Uint8Array;
  truncated?: boolean;
}
interface Failure {
  code: Code;
  stage: Stage;
  message: string;
  type?: string;
  module?: string;
  frames?: TracebackFrame[];
  members?: Record<string, string | number | boolean>;
  cause?: Failure;
  context?: Failure;
  notes?: string[];
  exceptions?: Failure[];
  path?: string;
  names?: string[];
  hint?: string;
}
interface FirecrestOptions extends RestOptions {
  baseUrl: string | URL;
  system: string;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  tokenUrl?: string | URL | undefined;
  token?: GivenToken | undefined;
  account?: string | undefined;
  partition?: string | undefined;
  reservation?: string | undefined;
  constraints?: string | undefined;
}
type FnOptions = Omit<CallOptions, "runtime" | "kwargs">;
interface FoundInterpreter {
  path: string;
  version: string;
  usable: boolean;
}
type GivenToken = string | (() => string | Promise<string>);
interface HostFacts {
  runtime: "python" | "node";
  version: string;
  executable: string;
  platform: string;
  pid: number;
  home: string;
  base: string;
  endpoint: string | null;
}
interface HostKey {
  type: string;
  fingerprint: string;
  key: Uint8Array;
}
type HostKeyPolicy =
  | "strict"
  | "accept-new"
  | {
      fingerprint: string | readonly string[];
    }
  | ((key: HostKey) => boolean);
interface HostReport {
  home: string;
  user: string;
  shell: string;
  path: string;
  system: string;
  release: string;
  machine: string;
  base: string | undefined;
  rejected: string[];
  diskFree: number | undefined;
  installed: boolean;
  python: FoundInterpreter[];
  node: FoundInterpreter[];
  broken: string[];
  tools: Record<string, string>;
}
interface HostTextOptions {
  readonly limit?: number | undefined;
  readonly keep?: "ends" | "end" | undefined;
}
interface ImagePart extends PartBase {
  readonly type: "image/png" | "image/jpeg";
  readonly data: Uint8Array;
}
interface InstallOptions {
  runtime?: Runtime | undefined;
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
}
interface InterpreterOptions extends Pick<CallOptions, "runtime" | "env" | "cwd" | "loginEnv" | "timeout" | "signal"> {
  name?: string | undefined;
}
type ItemOf<T> = T extends AsyncIterable<infer I> ? I : T;
interface JsonPart extends PartBase {
  readonly type: "application/json";
  readonly data: unknown;
}
interface JupyterOptions extends RestOptions {
  baseUrl: string | URL;
  token?: string | undefined;
  password?: string | undefined;
  kernel?: string | undefined;
}
declare class KeywordArguments {
  readonly values: Readonly<Record<string, unknown>>;
}
interface LocalOptions {
  cwd?: string | undefined;
  env?: Readonly<Record<string, string | undefined>> | undefined;
}
interface LostHost {
  readonly host: string;
  readonly error: SremoteError;
}
type MapItems = Iterable<unknown> | AsyncIterable<unknown>;
interface MapOptions extends Pick<CallOptions, Shared> {
  spread?: boolean | undefined;
  settled?: boolean | undefined;
  chunkSize?: number | undefined;
  concurrency?: number | undefined;
  repeat?: boolean | undefined;
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
}
type MapResult<T = unknown> =
  | {
      readonly status: "fulfilled";
      readonly index: number;
      readonly host: string;
      readonly value: T;
    }
  | {
      readonly status: "rejected";
      readonly index: number;
      readonly host: string;
      readonly reason: SremoteError;
    };
interface NdArrayOptions {
  dtype?: Dtype | TimeDtype;
  order?: Order;
}
type Nested = Element | Nested[];
interface NewtOptions extends RestOptions {
  baseUrl: string | URL;
  machine: string;
  username: string;
  password: string;
  version?: 1 | 2 | undefined;
  loginEnv?: boolean | undefined;
}
interface OmittedPart extends PartBase {
  readonly type: string;
  readonly reason: string;
}
interface OpenSshOptions {
  host: string;
  port?: number | undefined;
  username?: string | undefined;
  privateKeyPath?: string | readonly string[] | undefined;
  hostKey?: "strict" | "accept-new" | undefined;
  knownHosts?: string | readonly string[] | undefined;
  sshConfig?: boolean | string | undefined;
  jump?: string | undefined;
  keepaliveInterval?: number | undefined;
  keepaliveCountMax?: number | undefined;
  connectTimeout?: number | undefined;
  startTimeout?: number | undefined;
  multiplex?: boolean | undefined;
  program?: string | undefined;
  sshOptions?: Readonly<Record<string, string>> | undefined;
}
interface OperationOptions {
  signal?: AbortSignal | undefined;
  timeout?: number | undefined;
}
type Order = "C" | "F";
interface OtherPart extends PartBase {
  readonly type: `application/${string}`;
  readonly data: unknown;
}
type Outcome = "value" | "raised" | "killed" | "timeout" | "cancelled" | "not-run" | "unknown";
type OutputHandling = "collect" | "discard" | Writable | OutputSink;
interface OutputSink {
  write(chunk: Uint8Array): void | Promise<void>;
}
type Part = ImagePart | TextPart | JsonPart | OtherPart;
interface PartBase {
  readonly display: number;
}
type Positional<A extends readonly unknown[]> = {
  [I in keyof A]: Argument<A[I]>;
};
type PrivateKeyInput = string | Readonly<Record<string, unknown>>;
interface PtySize {
  readonly rows: number;
  readonly columns: number;
}
type PullSink =
  | {
      readonly path: string;
    }
  | {
      write(chunk: Uint8Array): void | Promise<void>;
    };
type PushSource =
  | Uint8Array
  | {
      readonly path: string;
    };
interface PythonNumber {
  readonly type: "float" | "int";
  readonly value: number | bigint;
}
interface PythonObjectTag {
  <T = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Call<RemoteObject<T>>;
}
type PythonOptions = Omit<CallOptions, "runtime" | "kwargs">;
interface PythonTag {
  <T = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Call<T>;
  (options: PythonOptions & Pick<ReturnsObject, "returns">): PythonObjectTag;
  (options: PythonOptions): PythonTag;
}
interface ReconnectEvent extends ClientEvent {
  readonly time: number;
  readonly duration: number;
}
interface RemoteClientOptions {
  runtime?: Runtime | undefined;
  python?: string | undefined;
  node?: string | undefined;
  autoInstall?: boolean | undefined;
  transport?: "auto" | "spool" | undefined;
  workers?: number | undefined;
  resumeTimeout?: number | undefined;
  heartbeatInterval?: number | undefined;
  sremoteDir?: string | undefined;
  tmpDir?: string | undefined;
  pwdDir?: string | undefined;
  serializer?: Serializer | undefined;
}
interface RemoteErrorValue extends Error {
  readonly remote: Readonly<Record<string, unknown>>;
}
interface RemoteExecDetails extends SremoteErrorOptions {
  outcome: Outcome;
  remote?: Failure | undefined;
  stdout?: string | undefined;
  stderr?: string | undefined;
  output?:
    | {
        readonly stdout: Uint8Array;
        readonly stderr: Uint8Array;
      }
    | undefined;
  exitCode?: number | undefined;
  signal?: string | undefined;
}
type RemoteFn<A extends readonly unknown[], R> = (...args: Positional<A>) => Call<ResultOf<R>>;
interface RemoteFunction<A extends readonly unknown[], R> {
  (...args: Positional<A>): Promise<R>;
  (...args: WithKeywords<A>): Promise<R>;
}
type RemoteModule<M = unknown, How extends "value" | "object" = "value"> = unknown extends M ? AnyModule : TypedModule<M, How>;
type RemoteObjectFn<A extends readonly unknown[], R> = (...args: Positional<A>) => Call<RemoteObject<Awaited<R>>>;
interface RestOptions {
  ca?: string | readonly string[] | undefined;
  insecureHttp?: boolean | undefined;
  scratchDir?: string | undefined;
  concurrency?: number | undefined;
  requestTimeout?: number | undefined;
  pollInterval?: number | undefined;
  queueTimeout?: number | undefined;
  visibilityTimeout?: number | undefined;
  uploadLimit?: number | undefined;
  downloadLimit?: number | undefined;
}
type ResultOf<R> =
  Awaited<R> extends Iterator<infer T, unknown, never> | AsyncIterator<infer T, unknown, never> ? RemoteIterable<T> : Awaited<R>;
type ReturnsObject = CallOptions & {
  returns: "object";
};
type Row = Record<string, Cell>;
type Runtime = "python" | "node";
interface ScriptOptions extends Pick<CallOptions, (typeof ofCall)[number]>, Pick<ShipOptions, "exclude" | "gitignore"> {
  include?: readonly string[] | undefined;
}
interface Serializer {
  encode(value: unknown, root: string, attachments: Uint8Array[], hooks?: EncodeHooks): WireValue;
  decode(value: WireValue, attachments: Attachments, hooks?: DecodeHooks): unknown;
}
type SettledMap = MapOptions & {
  settled: true;
};
interface SfapiOptions extends RestOptions {
  machine: string;
  clientId?: string | undefined;
  privateKey?: PrivateKeyInput | undefined;
  token?: GivenToken | undefined;
  baseUrl?: string | URL | undefined;
  tokenUrl?: string | URL | undefined;
}
interface ShellScript {
  readonly shell: string;
}
interface ShipOptions {
  runtime?: Runtime | undefined;
  as?: string | undefined;
  include?: readonly string[] | undefined;
  exclude?: readonly string[] | undefined;
  gitignore?: boolean | undefined;
}
type SnippetOptions = Pick<
  CallOptions,
  "timeout" | "queueTimeout" | "idleTimeout" | "signal" | "outputLimit" | "stdout" | "stderr" | "naiveTimeZone"
>;
interface SnippetResult<T = unknown> extends CallResult<T> {
  value: T;
  problem: string | undefined;
  text: string;
  parts: readonly Part[];
  omitted: readonly OmittedPart[];
}
interface SpawnOptions extends OperationOptions {
  pty?: PtySize | undefined;
  onWait?: ((reason: string) => void) | undefined;
  purpose?: string | undefined;
}
interface SpawnedProcess extends AsyncDisposable {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<{
    exitCode: number | null;
    signal: string | null;
  }>;
  kill(signal?: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP"): Promise<void>;
}
interface SremoteErrorOptions {
  stage?: string | undefined;
  host?: string | undefined;
  callId?: string | undefined;
  hint?: string | undefined;
  lastLines?: string | undefined;
  cause?: unknown;
}
interface SshAgent {
  getIdentities(callback: (error?: Error | null, keys?: AgentKey[]) => void): void;
  sign(key: AgentKey, data: Uint8Array, options: AgentSignOptions, callback: (error?: Error | null, signature?: Uint8Array) => void): void;
  getStream?(callback: (error?: Error | null, stream?: NodeJS.ReadWriteStream) => void): void;
}
interface SshAlgorithms {
  keyExchange?: string | undefined;
  hostKey?: string | undefined;
  cipher?: string | undefined;
  mac?: string | undefined;
  publicKey?: string | undefined;
}
interface SshOptions {
  host: string;
  port?: number | undefined;
  username?: string | undefined;
  privateKey?: string | Uint8Array | undefined;
  privateKeyPath?: string | readonly string[] | undefined;
  passphrase?: string | undefined;
  password?: string | undefined;
  agent?: string | false | SshAgent | undefined;
  keyboardInteractive?:
    | ((prompts: readonly AuthenticationPrompt[], instructions: string) => readonly string[] | Promise<readonly string[]>)
    | undefined;
  hostKey?: HostKeyPolicy | undefined;
  knownHosts?: string | readonly string[] | undefined;
  sshConfig?: boolean | string | undefined;
  jump?: string | SshOptions | readonly (string | SshOptions)[] | false | undefined;
  keepaliveInterval?: number | undefined;
  keepaliveCountMax?: number | undefined;
  connectTimeout?: number | undefined;
  startTimeout?: number | undefined;
  forwardAgent?: boolean | undefined;
  agentTimeout?: number | undefined;
  algorithms?: SshAlgorithms | undefined;
}
type Stage = "request" | "setup" | "queue" | "import" | "lookup" | "arguments" | "call" | "result";
type TableColumns = Readonly<Record<string, ColumnValues | Column>> | Iterable<readonly [string, ColumnValues | Column]>;
type TableForm = "frame" | "series" | "index";
type TableLibrary = "pandas" | "polars" | "pyarrow";
interface TableOptions {
  index?: TableColumns | undefined;
  library?: TableLibrary | undefined;
}
interface TextPart extends PartBase {
  readonly type: "text/plain" | "text/html" | "text/markdown" | "text/latex" | "image/svg+xml";
  readonly data: string;
  readonly truncated?: true;
}
type TextType = "string" | "decimal" | "date" | "time";
type TimeDtype = `datetime64[${TimeUnit}]` | `timedelta64[${TimeUnit}]`;
type TimeUnit = "Y" | "M" | "W" | "D" | "h" | "m" | "s" | "ms" | "us" | "ns" | "ps" | "fs" | "as";
interface TracebackFrame {
  file: string;
  line: number;
  function: string;
  source: string | null;
}
interface TransferOptions extends OperationOptions {
  mode?: number | undefined;
  onProgress?: ((bytes: number) => void) | undefined;
}
type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;
type TypedModule<M, How extends "value" | "object"> = {
  readonly [K in keyof M as K extends OfTools | symbol ? never : M[K] extends object ? K : never]: Member<M[K], How>;
};
interface UnserializableErrorOptions extends SremoteErrorOptions {
  code?: Code | undefined;
}
type VariableOptions = Pick<CallOptions, "timeout" | "signal">;
interface WireValue {
  json: unknown;
  meta?: {
    values: unknown;
    v: 1;
  };
}

/* Types that these are made of, and that users cannot name */

type Attribute<O, K> = unknown extends O ? unknown : K extends keyof O ? O[K] : never;
type Beginnings<A extends readonly unknown[]> = A extends readonly [infer F, ...infer Rest]
  ? [KeywordArguments] | [Positional<[F]>[0], ...Beginnings<Rest>]
  : [KeywordArguments];
interface ClientEvent {
  readonly host: string;
  readonly runtime: Runtime;
}
interface DecodeOptions {
  root?: string | undefined;
  depth?: number | undefined;
  custom?: ((name: string, json: Record<string, unknown>) => unknown) | undefined;
}
interface EncodeOptions {
  code?: Code | undefined;
  custom?: ((value: object) => CustomValue | undefined) | undefined;
}
type ItemsOfObject<O> = O extends Iterable<infer I> | AsyncIterable<infer I> ? I : unknown;
type Member<F, How extends "value" | "object"> = F extends abstract new (...args: infer A) => infer R
  ? RemoteFunction<A, Result<R, How>> & TypedModule<F, How>
  : F extends (...args: infer A) => infer R
    ? RemoteFunction<A, Result<R, How>> & TypedModule<F, How>
    : TypedModule<F, How>;
type Method<O, K> = unknown extends O
  ? {
      readonly args: readonly unknown[];
      readonly result: unknown;
    }
  : K extends keyof O
    ? O[K] extends (...args: infer A) => infer R
      ? {
          readonly args: A;
          readonly result: R;
        }
      : never
    : never;
type MethodName<O> = {
  [K in keyof O]: O[K] extends (...args: never) => unknown ? K : never;
}[keyof O] &
  string;
type OfTools = "then" | "toJSON" | "asymmetricMatch" | "$$typeof" | "nodeType" | "constructor" | "prototype" | "valueOf" | "toString";
type Result<R, How> = How extends "object" ? RemoteObject<Awaited<R>> : ResultOf<R>;
type Shared = "runtime" | "kwargs" | "loginEnv" | "env" | "cwd" | "outputLimit" | "stdout" | "stderr" | "naiveTimeZone";
type UnknownName<O> = unknown extends O ? string : never;
type WithKeywords<A extends readonly unknown[]> = number extends A["length"]
  ? [...Positional<A>, KeywordArguments]
  : Beginnings<Required<A>>;
declare const codeNames: readonly [
  "invalid-argument",
  "unserializable-argument",
  "unsupported",
  "closed",
  "connect-refused",
  "connect-timeout",
  "connect-failed",
  "name-not-found",
  "host-key-unknown",
  "host-key-changed",
  "host-key-revoked",
  "auth-failed",
  "connection-lost",
  "channel-failed",
  "transfer-failed",
  "no-such-file",
  "permission-denied",
  "not-a-file",
  "disk-full",
  "not-setup",
  "interpreter-missing",
  "no-writable-directory",
  "unsafe-directory",
  "endpoint-broken",
  "install-failed",
  "code-missing",
  "code-invalid",
  "code-edited",
  "module-not-found",
  "function-not-found",
  "bad-arguments",
  "raised",
  "unserializable-result",
  "exited",
  "killed",
  "out-of-memory",
  "timeout",
  "cancelled",
  "module-missing",
  "module-version",
  "call-conflict",
  "object-lost",
  "dependency-failed",
  "outcome-unknown",
  "protocol-error",
  "protocol-mismatch",
  "limit-exceeded",
];
declare const ofCall: readonly [
  "env",
  "cwd",
  "loginEnv",
  "timeout",
  "queueTimeout",
  "idleTimeout",
  "signal",
  "outputLimit",
  "stdout",
  "stderr",
];
