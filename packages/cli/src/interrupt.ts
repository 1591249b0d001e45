/* Ctrl-C and `kill`: the remote call is ended first, then this process. */
import { SremoteError } from "@sremote/protocol";

export interface Interrupt extends Disposable {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The exit status that the signal received asks for, 128 + its number. */
  readonly exitCode: number | undefined;
}

const exitCodes: ReadonlyMap<NodeJS.Signals, number> = new Map([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]);

/** Turns the first signal into an abort; the second ends the process at once, for a host that does not answer. */
export function watchInterrupts(): Interrupt {
  const control = new AbortController();
  let exitCode: number | undefined;
  const interrupt = (name: NodeJS.Signals): void => {
    const code = exitCodes.get(name) ?? 130;
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    control.abort(new SremoteError("cancelled", `interrupted by ${name}`));
  };
  for (const name of exitCodes.keys()) process.on(name, interrupt);
  return {
    signal: control.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]: () => {
      for (const name of exitCodes.keys()) process.off(name, interrupt);
    },
  };
}
