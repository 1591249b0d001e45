/* Every REST dialect with its stub: what the shared suites run over. */
import { newt } from "@sremote/connectors";
import type { RestConnector, RestOptions } from "@sremote/connectors";
import { hostile } from "../stubs/hostile-server.ts";
import type { HostileServer, Hostility } from "../stubs/hostile-server.ts";
import { NewtStub } from "../stubs/newt-stub.ts";
import type { Sandbox } from "../stubs/sandbox.ts";

/** A running stub, and a way to make connectors to it. */
export interface RestHost extends AsyncDisposable {
  readonly server: HostileServer;
  readonly sandbox: Sandbox;
  /** @param baseUrl another way to the stub, such as through a proxy */
  connect(options?: RestOptions & { baseUrl?: string }): RestConnector;
  /** Passwords and tokens so far. */
  secrets(): readonly string[];
}

export interface RestKind {
  readonly name: string;
  /** Below the origin. */
  readonly base: string;
  /** HTTP requests that things may take at most. */
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

export const restKinds: readonly RestKind[] = [newtKind("newt", 1)];

/** Variants of a dialect whose requests have another shape: for suites that are cheap. */
export const restVariants: readonly RestKind[] = [newtKind("newt_2", 2)];
