/* What the user says of a service, checked before anything is sent. */
import { InvalidArgumentError, type OptionNames, given } from "@sremote/protocol";

/** Options that every REST connector takes. */
export interface RestOptions {
  /** Certificates (PEM) of authorities to trust instead of the usual ones. @default the usual ones */
  ca?: string | readonly string[] | undefined;
  /** Allows plain `http:` to a host other than this machine. Credentials then travel in the open. @default false */
  insecureHttp?: boolean | undefined;
  /**
   * An existing directory of the host, absolute, in which a private one for scripts and results is made. All nodes must share it, and
   * others must not be able to write to it.
   *
   * @default the user's home directory
   */
  scratchDir?: string | undefined;
  /** Commands that may run at once over this connector; more wait. @default 16 */
  concurrency?: number | undefined;
  /** Milliseconds until a reply must have begun, beyond the time a command takes. @default 60 000 */
  requestTimeout?: number | undefined;
  /**
   * Milliseconds after which a service whose commands are tasks or jobs is first asked what became of one, less up to half of it by chance.
   * The waits grow by half each time, up to 10 s.
   *
   * @default 300
   */
  pollInterval?: number | undefined;
  /** Milliseconds that a command may wait in a queue before it starts; then it is `timeout`, and never runs. @default none */
  queueTimeout?: number | undefined;
  /** Milliseconds that a file may take to become visible after it was written (network file systems); then `transfer-failed`. @default 120 000 */
  visibilityTimeout?: number | undefined;
  /**
   * Largest file in bytes that one upload may have; more goes in pieces. A service or proxy that refuses an upload for its size (413) gets
   * smaller ones from then on.
   *
   * @default as the service says, at most what the dialect knows to work
   */
  uploadLimit?: number | undefined;
  /** Largest file in bytes that one download may have; more is fetched in pieces. @default as for `uploadLimit` */
  downloadLimit?: number | undefined;
}

/** For the tables of connectors that take more. */
export const restOptionNames: OptionNames<RestOptions> = {
  ca: true,
  insecureHttp: true,
  scratchDir: true,
  concurrency: true,
  requestTimeout: true,
  pollInterval: true,
  queueTimeout: true,
  visibilityTimeout: true,
  uploadLimit: true,
  downloadLimit: true,
};

export interface RestSettings {
  readonly scratchDir: string | undefined;
  readonly concurrency: number;
  readonly pollInterval: number;
  readonly queueTimeout: number | undefined;
  readonly visibilityTimeout: number;
  readonly uploadLimit: number;
  readonly downloadLimit: number;
}

/** Bytes. A script of ours has about eight thousand, and a piece of it is none. */
export const smallestUpload: number = 16 * 1024;

const usualPollInterval = 300;

export function checkRestOptions(options: RestOptions): RestSettings {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", `an object${given(options)}`);
  const { scratchDir, concurrency = 16, queueTimeout, visibilityTimeout = 120_000, requestTimeout } = options;
  const { pollInterval = usualPollInterval } = options;
  const { uploadLimit = Number.POSITIVE_INFINITY, downloadLimit = Number.POSITIVE_INFINITY } = options;
  if (scratchDir !== undefined) checkPlainPath(scratchDir, "options.scratchDir");
  if (!(Number.isInteger(concurrency) && concurrency >= 1))
    throw new InvalidArgumentError("options.concurrency", `a whole number, 1 or more${given(concurrency)}`);
  for (const [name, value] of Object.entries({ pollInterval, queueTimeout, visibilityTimeout, requestTimeout })) {
    if (value !== undefined && !(typeof value === "number" && value > 0)) {
      throw new InvalidArgumentError(`options.${name}`, `a positive number of milliseconds${given(value)}`);
    }
  }
  for (const [name, value] of Object.entries({ uploadLimit, downloadLimit })) {
    if (!(typeof value === "number" && value >= smallestUpload)) {
      throw new InvalidArgumentError(`options.${name}`, `a number of bytes, ${smallestUpload} or more${given(value)}`);
    }
  }
  const sizes = { uploadLimit: Math.floor(uploadLimit), downloadLimit: Math.floor(downloadLimit) };
  return { scratchDir, concurrency, pollInterval, queueTimeout, visibilityTimeout, ...sizes };
}

/** Words that mean the same to every service and shell, however often they are quoted or not. */
const plain = /^\/[A-Za-z0-9._/-]*$/;

export function checkPlainPath(path: unknown, argument: string): asserts path is string {
  const valid = typeof path === "string" && plain.test(path) && !path.split("/").includes("..");
  if (!valid) throw new InvalidArgumentError(argument, `an absolute path of letters, digits and "._-/", without ".."${given(path)}`);
}

export function checkName(value: unknown, argument: string): asserts value is string {
  if (typeof value !== "string" || !/^[A-Za-z0-9._-]+$/.test(value) || value.startsWith(".")) {
    throw new InvalidArgumentError(argument, `a name of letters, digits and "._-" that does not begin with "."${given(value)}`);
  }
}

/** Any text that may go into a header or form, and is not empty. */
export function checkSecret(value: unknown, argument: string): asserts value is string {
  if (typeof value !== "string" || value === "") throw new InvalidArgumentError(argument, "a non-empty string");
}

/** Base URL without a slash at its end. */
export function checkBaseUrl(value: unknown, insecureHttp: boolean | undefined, argument = "options.baseUrl"): URL {
  const url = value instanceof URL ? new URL(value) : typeof value === "string" ? parsed(value) : undefined;
  if (url === undefined || !["https:", "http:"].includes(url.protocol)) throw new InvalidArgumentError(argument, "an http or https URL");
  if (url.username !== "" || url.password !== "") throw new InvalidArgumentError(argument, "a URL without credentials in it");
  if (url.search !== "" || url.hash !== "") throw new InvalidArgumentError(argument, "a URL without a query or fragment");
  if (url.protocol === "http:" && !isThisMachine(url.hostname) && insecureHttp !== true) {
    throw new InvalidArgumentError(argument, "an https URL; insecureHttp: true allows http, which sends credentials in the open");
  }
  return url;
}

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
