/* What sremote/rest exports: 9 values, 21 types. `npm run api` writes this. */

/* Values */

declare class HttpClient {
  readonly label: string;
  requests: number;
  constructor(options: HttpOptions);
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply>;
  download(request: HttpRequest, download: Download, signal: AbortSignal): Promise<void>;
  open(request: HttpRequest, signal: AbortSignal): Promise<OpenReply>;
  link(request: Pick<HttpRequest, "path" | "query">, signal: AbortSignal): Promise<HttpLink>;
  redact(text: string): string;
  close(): Promise<void>;
}
declare class HttpReply {
  readonly status: number;
  constructor(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, bytes: Uint8Array);
  get bytes(): Uint8Array;
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  get text(): string;
  get value(): unknown;
  get object(): Readonly<Record<string, unknown>> | undefined;
  json(): Readonly<Record<string, unknown>>;
}
declare class RestConnector implements Connector {
  readonly label: string;
  readonly acceptsStdin = true;
  readonly announcesInput = true;
  readonly spawn?: (command: Command, options?: OperationOptions) => Promise<SpawnedProcess>;
  constructor(given: RestDialect, options: RestConnectorOptions);
  get requests(): number;
  exec(command: Command, options?: ExecOptions): Promise<ExecResult>;
  push(source: PushSource, remotePath: string, options?: TransferOptions): Promise<void>;
  pull(remotePath: string, sink: PullSink, options?: TransferOptions): Promise<void>;
  status(options?: OperationOptions): Promise<ConnectorStatus>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
declare function checkPrivateKey(input: unknown): ClientKey;
declare function clientCredentials(options: ClientCredentialsOptions): TokenSource;
declare function form(fields: Readonly<Record<string, string>>): Encoded;
declare function givenToken(token: GivenToken, label: string): TokenSource;
declare function json(value: unknown): Encoded;
declare function multipart(field: string, filename: string, content: Content): Encoded;

/* Types */

type CheckReply = (reply: HttpReply, request: HttpRequest, redact: (text: string) => string) => "unauthorized" | SremoteError | undefined;
interface ClientCredentialsOptions {
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly proof:
    | {
        readonly key: ClientKey;
      }
    | {
        readonly secret: string;
      };
  readonly scope?: string | undefined;
  readonly label: string;
  readonly ca?: string | readonly string[] | undefined;
  readonly requestTimeout?: number | undefined;
}
interface ClientKey {
  readonly key: KeyObject;
  readonly algorithm: string;
  readonly kid: string | undefined;
  readonly secrets: readonly string[];
}
interface Content {
  readonly size: number;
  chunks(): AsyncIterable<Uint8Array>;
}
interface DialectBase {
  readonly label: string;
  secrets?(): readonly string[];
  authenticate?(context: RestContext): Promise<Readonly<Record<string, string>>>;
  isStale?(): boolean;
  check?(reply: HttpReply, request: HttpRequest, redact: (text: string) => string): "unauthorized" | SremoteError | undefined;
  status?(context: RestContext): Promise<string>;
  close?(): Promise<void>;
}
interface DirectRequest {
  readonly script: string;
  readonly stdin: readonly Uint8Array[];
  readonly stdoutLimit: number;
  readonly stderrLimit: number;
}
interface Download {
  readonly size: number | undefined;
  take(chunk: Uint8Array): Promise<void>;
}
interface Encoded {
  readonly body: string | Content;
  readonly headers: Readonly<Record<string, string>>;
}
interface HttpLink {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Agent;
  readonly socketPath: string | undefined;
}
interface HttpOptions {
  readonly baseUrl: URL;
  readonly label: string;
  readonly secrets?: readonly string[] | undefined;
  readonly authenticate?: ((http: HttpClient, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>) | undefined;
  readonly isStale?: (() => boolean) | undefined;
  readonly check?: CheckReply | undefined;
  readonly ca?: string | readonly string[] | undefined;
  readonly socketPath?: string | undefined;
  readonly requestTimeout?: number | undefined;
}
interface HttpRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | Content | undefined;
  readonly idempotent?: boolean | undefined;
  readonly credentials?: boolean | undefined;
  readonly accept?: readonly number[] | undefined;
  readonly replyLimit?: number | undefined;
  readonly requestTimeout?: number | undefined;
}
interface OpenReply {
  readonly head: HttpReply;
  readonly body: Readable;
}
interface ProcessDialect extends DialectBase {
  spawn(
    command: Command,
    options: OperationOptions & {
      inputSize?: number | undefined;
    },
    context: RestContext,
  ): Promise<SpawnedProcess>;
}
interface RestConnectorOptions extends RestOptions {
  readonly baseUrl: string | URL;
  readonly socketPath?: string | undefined;
}
interface RestContext {
  readonly http: HttpClient;
  readonly signal: AbortSignal;
}
type RestDialect = ScriptDialect | ProcessDialect;
interface RestLimits {
  readonly put?: number | undefined;
  readonly get?: number | undefined;
  readonly inline?: number | undefined;
  readonly replyTimeout?: number | undefined;
  readonly hiddenFiles?: boolean | undefined;
}
type RunState =
  | {
      readonly kind: "finished";
      readonly output?: string | Uint8Array | undefined;
      readonly detail?: string | undefined;
    }
  | {
      readonly kind: "queued" | "running";
      readonly handle: string;
      readonly detail?: string | undefined;
    }
  | {
      readonly kind: "missing";
    }
  | {
      readonly kind: "failed";
      readonly detail: string;
    };
interface ScriptDialect extends DialectBase {
  readonly limits: RestLimits;
  home(context: RestContext): Promise<string>;
  makeDirectory(path: string, context: RestContext): Promise<void>;
  remove(path: string, context: RestContext): Promise<void>;
  put(path: string, content: Content, context: RestContext): Promise<void>;
  get(path: string, download: Download, context: RestContext): Promise<void>;
  run?(script: ScriptRun, context: RestContext): Promise<RunState>;
  poll?(handle: string, context: RestContext): Promise<RunState>;
  find?(name: string, context: RestContext): Promise<string | undefined>;
  cancel?(handle: string, context: RestContext, name: string): Promise<void>;
  execDirect?(request: DirectRequest, context: RestContext): Promise<ExecResult>;
}
interface ScriptRun {
  readonly path: string;
  readonly args: readonly string[];
  readonly line: string;
  readonly name: string;
  readonly idempotent: boolean;
}
interface TokenSource {
  get(signal: AbortSignal): Promise<string>;
  isStale(): boolean;
  readonly secrets: readonly string[];
  close(): Promise<void>;
}
