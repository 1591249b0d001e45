/* What sremote/testing exports: 4 values, 14 types. `npm run api` writes this. */

/* Values */

declare class ConnectorCheckError extends Error {
  name: string;
  readonly report: CheckReport;
  constructor(report: CheckReport);
}
declare function checkConnector(make: MakeConnector, options?: CheckOptions): Promise<CheckReport>;
declare function connectorCases(): readonly ConnectorCase[];
declare function memory(options?: MemoryOptions): MemoryConnector;

/* Types */

interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  readonly skipped?: true;
  readonly error?: unknown;
  readonly milliseconds: number;
}
interface CheckOptions {
  secrets?: readonly string[] | undefined;
  cut?:
    | {
        cut(): void | Promise<void>;
        restore(): void | Promise<void>;
      }
    | undefined;
  memoryLimit?: number | undefined;
  rest?: RestBed | undefined;
  caseTimeout?: number | undefined;
  concurrency?: number | undefined;
  cases?: RegExp | undefined;
  signal?: AbortSignal | undefined;
}
interface CheckReport {
  readonly results: readonly CaseResult[];
}
interface ConnectorCase {
  readonly name: string;
  readonly alone: boolean;
  readonly run: (make: MakeConnector, options?: CheckOptions) => Promise<void>;
  readonly applies: (options?: CheckOptions) => boolean;
}
type Fault =
  | {
      readonly kind: "fail-before";
    }
  | {
      readonly kind: "fail-after";
    }
  | {
      readonly kind: "delay";
      readonly until: Promise<unknown>;
    }
  | {
      readonly kind: "cut";
      readonly bytes: number;
    }
  | {
      readonly kind: "corrupt";
    };
type MakeConnector = () => Connector | Promise<Connector>;
interface MemoryConnector extends Connector {
  readonly directory: string;
  readonly operations: readonly Operation[];
  inject(name: OperationName, fault: Fault, skip?: number): void;
}
interface MemoryOptions {
  acceptsStdin?: boolean | undefined;
  env?: Readonly<Record<string, string | undefined>> | undefined;
}
interface Operation {
  readonly name: OperationName;
  readonly command?: Command;
  readonly remotePath?: string;
  readonly fault?: Fault;
}
type OperationName = "exec" | "push" | "pull" | "spawn";
interface RestBed {
  readonly limits?:
    | {
        readonly put?: number | undefined;
        readonly get?: number | undefined;
        readonly inline?: number | undefined;
      }
    | undefined;
  readonly faults: readonly RestFault["kind"][];
  readonly purposes?: readonly RestPurpose[] | undefined;
  inject(
    purpose: RestPurpose,
    fault: RestFault,
    options?: {
      skip?: number;
      times?: number;
    },
  ): void;
  take(): readonly RestSeen[];
}
type RestFault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: string;
    }
  | {
      readonly kind: "status-after";
      readonly status: number;
    }
  | {
      readonly kind: "cut-before" | "cut-after";
    }
  | {
      readonly kind: "error-body";
    }
  | {
      readonly kind: "expire";
    }
  | {
      readonly kind: "twice";
      readonly answer: 0 | 1;
    }
  | {
      readonly kind: "missing";
    }
  | {
      readonly kind: "mute";
    }
  | {
      readonly kind: "half-output";
    }
  | {
      readonly kind: "no-exit-code";
    }
  | {
      readonly kind: "queue";
    }
  | {
      readonly kind: "redirect";
      readonly location: string;
      readonly status?: number;
    }
  | {
      readonly kind: "huge";
      readonly bytes: number;
    }
  | {
      readonly kind: "hang";
    }
  | {
      readonly kind: "half";
    };
type RestPurpose = "login" | "start" | "verb" | "command" | "put" | "get" | "poll" | "other";
interface RestSeen {
  readonly purpose: RestPurpose;
  readonly method: string;
  readonly path: string;
  readonly subject: string;
  readonly fault: RestFault | undefined;
}
