/* The behaviour suite as one function. */
import {
  checkOptionNames,
  InvalidArgumentError,
  SremoteError,
  type OptionNames,
  checkFunction,
  checkObject,
  given,
} from "@sremote/protocol";
import { withDeadline } from "../deadline.ts";
import type { CheckOptions, ConnectorCase, MakeConnector } from "./case.ts";
import { atomicCases } from "./cases/atomic.ts";
import { byteCases } from "./cases/bytes.ts";
import { endingCases } from "./cases/ending.ts";
import { exitCases } from "./cases/exit.ts";
import { failureCases } from "./cases/failure.ts";
import { fileCases } from "./cases/file.ts";
import { lifecycleCases } from "./cases/lifecycle.ts";
import { restCases } from "./cases/rest.ts";

export interface CaseResult {
  readonly name: string;
  /** Also when it was skipped. */
  readonly ok: boolean;
  /** It needs `cut`, or a `rest` with what it disturbs: nothing was tried. */
  readonly skipped?: true;
  /** Why not. */
  readonly error?: unknown;
  readonly milliseconds: number;
}

export interface CheckReport {
  readonly results: readonly CaseResult[];
}

/** Thrown by {@link checkConnector}: lists every case that failed. */
export class ConnectorCheckError extends Error {
  override name = "ConnectorCheckError";
  readonly report: CheckReport;

  constructor(report: CheckReport) {
    checkObject(report, "report");
    if (!Array.isArray(report.results)) throw new InvalidArgumentError("report.results", `an array${given(report.results)}`);
    const failed = report.results.filter(({ ok }) => !ok);
    const lines = failed.map(({ name, error }) => `- ${name}\n${messageOf(error).replace(/^/gm, "    ")}`);
    super(`${failed.length} of ${report.results.filter(({ skipped }) => skipped !== true).length} cases failed\n${lines.join("\n")}`);
    this.report = report;
  }
}

/**
 * Every case, to be registered one by one: `for (const one of connectorCases()) test(one.name, () => one.run(make))`.
 *
 * @example
 * ```ts
 * import { local } from "sremote";
 * import { connectorCases } from "sremote/testing";
 * import { test } from "node:test";
 *
 * for (const one of connectorCases()) test(one.name, () => one.run(() => local()));
 * ```
 */
export function connectorCases(): readonly ConnectorCase[] {
  return [...exitCases, ...byteCases, ...fileCases, ...atomicCases, ...failureCases, ...endingCases, ...lifecycleCases, ...restCases];
}

const usualConcurrency = 4;

const optionNames: OptionNames<CheckOptions> = {
  secrets: true,
  cut: true,
  memoryLimit: true,
  rest: true,
  caseTimeout: true,
  concurrency: true,
  cases: true,
  signal: true,
};

/**
 * Runs every case against connectors from `make`, a new connector for each, some at once (`options.concurrency`). Needs no test framework.
 * The host must be a POSIX one on which commands may create a directory under `$TMPDIR` or `/tmp`.
 * @throws ConnectorCheckError when one or more fail
 * @throws InvalidArgumentError when `options.cases` is no regular expression, or matches no case; when `options.concurrency` is no whole number from 1 on
 *
 * @example
 * ```ts
 * import { local } from "sremote";
 * import { checkConnector } from "sremote/testing";
 *
 * const { results } = await checkConnector(() => local());
 * console.log(`${results.length} cases`);
 * ```
 */
export async function checkConnector(make: MakeConnector, options: CheckOptions = {}): Promise<CheckReport> {
  checkFunction(make, "make");
  checkOptionNames(options, optionNames);
  const { cases, concurrency = usualConcurrency } = options;
  const all = connectorCases();
  // `match` keeps no place in the expression, as `test` does where it is global.
  const isWanted = ({ name }: ConnectorCase): boolean => cases === undefined || name.match(cases) !== null;
  // A check that tries nothing must not pass.
  if (cases !== undefined && !(cases instanceof RegExp && all.some(isWanted))) {
    throw new InvalidArgumentError("options.cases", "a regular expression that matches the name of at least one case");
  }
  if (!(Number.isInteger(concurrency) && concurrency >= 1))
    throw new InvalidArgumentError("options.concurrency", "a whole number, 1 or more");
  const results = new Map<ConnectorCase, CaseResult>();
  const work = async (pending: ConnectorCase[], signal: AbortSignal): Promise<void> => {
    for (let one = pending.shift(); one !== undefined && !signal.aborted; one = pending.shift())
      results.set(one, await resultOf(one, make, options));
  };
  const beside = all.filter((one) => isWanted(one) && !one.alone);
  const alone = all.filter((one) => isWanted(one) && one.alone);
  await withDeadline({ signal: options.signal }, { label: "checkConnector", stage: "check" }, async (signal) => {
    await Promise.all(Array.from({ length: Math.min(concurrency, beside.length) }, () => work(beside, signal)));
    await work(alone, signal);
  });
  const report = { results: all.map((one) => results.get(one) ?? skippedCase(one)) };
  if (report.results.some(({ ok }) => !ok)) throw new ConnectorCheckError(report);
  return report;
}

async function resultOf({ name, run, applies }: ConnectorCase, make: MakeConnector, options: CheckOptions): Promise<CaseResult> {
  const begin = performance.now();
  try {
    await run(make, options);
    return { name, ok: true, ...(applies(options) ? {} : { skipped: true }), milliseconds: performance.now() - begin };
  } catch (error) {
    return { name, ok: false, error, milliseconds: performance.now() - begin };
  }
}

function skippedCase({ name }: ConnectorCase): CaseResult {
  return { name, ok: true, skipped: true, milliseconds: 0 };
}

function messageOf(error: unknown): string {
  if (error instanceof SremoteError) return `${error.name} ${error.code}: ${error.message}\n${error.details}`.trimEnd();
  return error instanceof Error ? error.message : String(error);
}
