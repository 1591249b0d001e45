/* The end of waiting for ssh, where it does not end by itself. */
import { ConnectError, DeadlineTimer } from "@sremote/protocol";
import type { SshChild } from "./ssh-child.ts";

/** ssh has deadlines of its own for most of the way, and better words. In milliseconds. */
export const connectSlack = 1000;
/** How often ssh's log is read for the news that the host took the credentials, in milliseconds. */
const interval = 200;

export interface StartDeadline {
  /** Milliseconds to reach the host and authenticate; none where a connection stands already. */
  readonly connectTimeout: number | undefined;
  /** Milliseconds for the account's login shell to start the command after that. */
  readonly startTimeout: number;
  readonly label: string;
}

/**
 * Calls back when the host has not taken the credentials in time (with an error), or the command has not begun in time (with how long that
 * was). @returns a function that stops the clock
 */
export function watchStart(
  ssh: SshChild,
  { connectTimeout, startTimeout, label }: StartDeadline,
  late: (reason: { error: ConnectError } | { how: string }) => void,
): () => void {
  const began = performance.now();
  let stopped = false;
  let timer: DeadlineTimer;
  const start = (): void => {
    timer = new DeadlineTimer(startTimeout, () => late({ how: ` within ${startTimeout} ms` }));
  };
  const look = (limit: number): void => {
    const decide = (authenticated: boolean): void => {
      if (stopped) return;
      if (authenticated) start();
      else if (performance.now() - began < limit + connectSlack) timer = new DeadlineTimer(interval, () => look(limit));
      else late({ error: notInTime(limit, label) });
    };
    // A log that cannot be read tells nothing, and the deadline remains.
    ssh.readLog().then(
      ({ authenticated }) => decide(authenticated),
      () => decide(false),
    );
  };
  if (connectTimeout === undefined) start();
  else timer = new DeadlineTimer(interval, () => look(connectTimeout));
  return () => {
    stopped = true;
    timer.stop();
  };
}

export function notInTime(connectTimeout: number, label: string): ConnectError {
  return new ConnectError("connect-timeout", `the host did not take the credentials within ${connectTimeout} ms`, {
    stage: "connect",
    host: label,
  });
}
