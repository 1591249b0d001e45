/* How much of everything: what is measured, or as little as shows that it can be measured. */

export interface Sizes {
  hosts: number;
  rounds: number;
  warmUp: number;
  /** Of the one file. */
  bytes: number;
  files: number;
  changed: number;
  /** Of the file that goes to all hosts. */
  copied: number;
  /** Hosts whose output is gathered, and bytes of each. */
  printing: number;
  printed: number;
  /** Whether peers that are not there are installed. */
  install: boolean;
}

const full: Sizes = {
  hosts: 64,
  rounds: 5,
  warmUp: 1,
  bytes: 2 ** 30,
  files: 2000,
  changed: 20,
  copied: 64 * 2 ** 20,
  printing: 1000,
  printed: 1e6,
  install: true,
};

/** For a test: the figures say nothing. */
export const quick: Sizes = {
  hosts: 3,
  rounds: 1,
  warmUp: 0,
  bytes: 2 ** 20,
  files: 30,
  changed: 3,
  copied: 2 ** 18,
  printing: 10,
  printed: 1e5,
  install: false,
};

/** All of it, unless `SREMOTE_BENCH_QUICK` is set. */
export function sizes(): Sizes {
  return process.env["SREMOTE_BENCH_QUICK"] === undefined ? full : quick;
}
