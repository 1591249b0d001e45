/* Every REST dialect with its stub: what the shared suites run over. */
import { firecrest, newt, sfapi } from "@sremote/connectors";
import type { RestConnector, RestOptions } from "@sremote/connectors";
import { FirecrestStub } from "../stubs/firecrest-stub.ts";
import { hostile } from "../stubs/hostile-server.ts";
import type { HostileServer, Hostility } from "../stubs/hostile-server.ts";
import { NewtStub } from "../stubs/newt-stub.ts";
import type { Sandbox } from "../stubs/sandbox.ts";
import { SfapiStub } from "../stubs/sfapi-stub.ts";
import type { TokenStub } from "../stubs/token-stub.ts";

/** Milliseconds: what stubs run has no queue to wait in. */
const pollInterval = 40;

/** A running stub, and a way to make connectors to it. */
export interface RestHost extends AsyncDisposable {
  readonly server: HostileServer;
  readonly sandbox: Sandbox;
  /** @param baseUrl another way to the stub, such as through a proxy */
  connect(options?: RestOptions & { baseUrl?: string }): RestConnector;
  /** Passwords and tokens so far. */
  secrets(): readonly string[];
  /** Requests and replies so far that did not fit what the service has published, where it has published anything. */
  violations?(): readonly string[];
}

export interface RestKind {
  readonly name: string;
  /** Below the origin. */
  readonly base: string;
  /** Commands are tasks or jobs that are asked after: what takes time is waiting. */
  readonly isPolled?: true;
  /** HTTP requests that things may take at most, those for tokens elsewhere and those that ask whether a task has ended not counted. */
  readonly most: {
    /** The first command of a connector, login included. */
    readonly first: number;
    /** Any other, with small input and output. */
    readonly exec: number;
    readonly close: number;
    /** A call with a megabyte as argument and as result. */
    readonly megabyteCall: number;
    /** A file of 20 MB. */
    readonly push20: number;
    readonly pull20: number;
  };
  start(hostility?: Hostility): Promise<RestHost>;
}

/** Over a stub of NEWT. */
function newtKind(name: string, version: 1 | 2): RestKind {
  return {
    name,
    base: version === 1 ? "/newt" : "/api",
    most: { first: 5, exec: 2, close: 1, megabyteCall: 3, push20: 2, pull20: 3 },
    async start(hostility = hostile) {
      const stub = await NewtStub.start({ hostility, version });
      return {
        server: stub.server,
        sandbox: stub.sandbox,
        connect: (options = {}) => newt({ ...stub.options, ...options }),
        secrets: () => [stub.password, ...stub.sessions],
        [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
      };
    },
  };
}

export const restKinds: readonly RestKind[] = [
  newtKind("newt", 1),
  {
    name: "sfapi",
    base: "/api/v1.2",
    isPolled: true,
    most: { first: 4, exec: 2, close: 1, megabyteCall: 3, push20: 7, pull20: 7 },
    async start(hostility = hostile) {
      const stub = await SfapiStub.start(hostility);
      loginsGoTo(stub.tokens, stub.server);
      return {
        server: stub.server,
        sandbox: stub.sandbox,
        connect: (options = {}) => sfapi({ ...stub.options, pollInterval, ...options }),
        secrets: () => stub.secrets,
        violations: () => [...stub.published.violations, ...stub.tokens.refusals],
        [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "firecrest",
    base: "/hpc/firecrest/v2",
    isPolled: true,
    most: { first: 7, exec: 3, close: 1, megabyteCall: 4, push20: 8, pull20: 10 },
    async start(hostility = hostile) {
      const stub = await FirecrestStub.start(hostility);
      loginsGoTo(stub.tokens, stub.server);
      return {
        server: stub.server,
        sandbox: stub.sandbox,
        connect: (options = {}) => firecrest({ ...stub.options, pollInterval, ...options }),
        secrets: () => stub.tokens.secrets,
        violations: () => [...stub.published.violations, ...stub.tokens.refusals],
        [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
      };
    },
  },
];

/** Variants of a dialect whose requests have another shape: for suites that are cheap. */
export const restVariants: readonly RestKind[] = [newtKind("newt_2", 2)];

/** Where tokens come from another origin, that is where a login can be disturbed. */
function loginsGoTo(tokens: TokenStub, server: HostileServer): void {
  const inject = server.inject.bind(server);
  server.inject = (purpose, fault, options) =>
    purpose === "login" ? tokens.server.inject(purpose, fault, options) : inject(purpose, fault, options);
}
