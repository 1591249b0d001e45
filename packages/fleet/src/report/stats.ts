/* Counts of processes. */
import { endedBadly, isOk, type ProcessRecord } from "@sremote/process";

export interface Stats {
  /** When the first was started; null if none was. */
  readonly startDate: Date | null;
  /** When the last ended; null as long as one has not ended. */
  readonly endDate: Date | null;
  readonly numProcesses: number;
  readonly started: number;
  readonly ended: number;
  /** Could not be started or followed; those on unreachable hosts are counted by themselves. */
  readonly errors: number;
  readonly timeouts: number;
  readonly forcedKills: number;
  /** Ended with a status other than 0, or by a signal. */
  readonly nonZeroExitCodes: number;
  readonly unreachable: number;
  /** Ended, and without a failure that is not ignored. */
  readonly ok: number;
}

export function statsOf(processes: Iterable<ProcessRecord>): Stats {
  const all = [...processes];
  const count = (isCounted: (process: ProcessRecord) => boolean): number => all.filter(isCounted).length;
  return {
    startDate: earliest(all.map(({ startDate }) => startDate)),
    endDate: latest(all.map(({ endDate }) => endDate)),
    numProcesses: all.length,
    started: count(({ startDate }) => startDate !== null),
    ended: count(({ endDate }) => endDate !== null),
    errors: count(({ reason }) => reason === "error"),
    timeouts: count(({ reason }) => reason === "timeout"),
    forcedKills: count(({ forcedKill }) => forcedKill === true),
    nonZeroExitCodes: count(endedBadly),
    unreachable: count(({ reason }) => reason === "unreachable"),
    ok: count((process) => process.endDate !== null && isOk(process)),
  };
}

/** The sum of several. One without processes says nothing about dates. */
export function sumStats(stats: Iterable<Stats>): Stats {
  const all = [...stats].filter(({ numProcesses }) => numProcesses > 0);
  const sum = (value: (each: Stats) => number): number => all.reduce((total, each) => total + value(each), 0);
  return {
    startDate: earliest(all.map(({ startDate }) => startDate)),
    endDate: latest(all.map(({ endDate }) => endDate)),
    numProcesses: sum(({ numProcesses }) => numProcesses),
    started: sum(({ started }) => started),
    ended: sum(({ ended }) => ended),
    errors: sum(({ errors }) => errors),
    timeouts: sum(({ timeouts }) => timeouts),
    forcedKills: sum(({ forcedKills }) => forcedKills),
    nonZeroExitCodes: sum(({ nonZeroExitCodes }) => nonZeroExitCodes),
    unreachable: sum(({ unreachable }) => unreachable),
    ok: sum(({ ok }) => ok),
  };
}

function earliest(dates: readonly (Date | null)[]): Date | null {
  return dates.reduce((first, date) => (date === null || (first !== null && first <= date) ? first : date), null);
}

/** Null if one is. */
function latest(dates: readonly (Date | null)[]): Date | null {
  if (dates.length === 0 || dates.includes(null)) return null;
  return dates.reduce((last, date) => (last === null || date! > last ? date : last), null);
}
