/* Where and how on its host a command runs: directory, processors, priority. */
import { type Command, hasUnknownTilde, quote, quotePath, shell, shellText } from "@sremote/connectors";
import { InvalidArgumentError, given } from "@sremote/protocol";

export interface Placement {
  /** Working directory. Relative to the home directory; `~/x` is below it, too. @default the home directory */
  cwd?: string | undefined;
  /** Processors the command may run on, and all it starts: `2`, `[0, 2]`, or `"0-3,8"` as for taskset(1). @default all */
  cpu?: number | readonly number[] | string | undefined;
  /**
   * Real-time scheduling, first in first out, as by chrt(1): true is priority 50, that of the kernel's own threads; else 1 to 99. Mostly
   * needs root.
   *
   * @default none
   */
  realtime?: boolean | number | undefined;
}

/** @throws InvalidArgumentError naming the option */
export function checkPlacement({ cwd, cpu, realtime }: Placement, argument = "options"): void {
  if (cwd !== undefined && (typeof cwd !== "string" || cwd === "" || cwd.includes("\0"))) {
    throw new InvalidArgumentError(`${argument}.cwd`, `a directory on the host${given(cwd)}`);
  }
  if (cwd !== undefined && hasUnknownTilde(cwd))
    throw new InvalidArgumentError(`${argument}.cwd`, `a path without ~user (only ~ and ~/… are expanded)${given(cwd)}`);
  if (cpu !== undefined && processors(cpu) === undefined) {
    throw new InvalidArgumentError(`${argument}.cpu`, `the number of a processor, a list of them, or text such as 0-3,8${given(cpu)}`);
  }
  const isPriority = typeof realtime === "number" && Number.isInteger(realtime) && realtime >= 1 && realtime <= 99;
  if (realtime !== undefined && typeof realtime !== "boolean" && !isPriority) {
    throw new InvalidArgumentError(`${argument}.realtime`, `true, false or a priority from 1 to 99${given(realtime)}`);
  }
}

function processors(cpu: NonNullable<Placement["cpu"]>): string | undefined {
  if (typeof cpu === "string") return /^\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*$/.test(cpu) ? cpu : undefined;
  const list = Array.isArray(cpu) ? (cpu as readonly unknown[]) : [cpu];
  const isProcessor = (each: unknown): boolean => Number.isSafeInteger(each) && Number(each) >= 0;
  return list.length > 0 && list.every(isProcessor) ? list.join(",") : undefined;
}

/** The command there. A directory that cannot be entered is exit status 1 with the shell's message, and nothing has run. */
export function place(command: Command, { cwd, cpu, realtime = false }: Placement): Command {
  const before = [
    ...(cpu === undefined ? [] : ["taskset", "-c", processors(cpu)!]),
    ...(realtime === false ? [] : ["chrt", "-f", String(realtime === true ? 50 : realtime)]),
  ];
  const placed: Command = before.length === 0 ? command : shell(`exec ${before.join(" ")} sh -c ${quote(shellText(command))}`);
  return cwd === undefined ? placed : shell(`CDPATH= cd -- ${directory(cwd)} || exit 1\n${shellText(placed)}`);
}

function directory(path: string): string {
  // `cd -` would be the directory before.
  return quotePath(path === "-" ? "./-" : path);
}
