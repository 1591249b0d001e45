/* Starts hostile-sshd.ts, an SSH server that keeps to no rule, as a program of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface HostileSshd {
  readonly port: number;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** As known_hosts has it, without the host. */
  readonly publicKey: string;
  stop(): Promise<void>;
}

/** @param behaviour of all its sessions; default: the name of the user who logs in */
export async function startHostileSshd(behaviour?: string): Promise<HostileSshd> {
  const child = fork(fileURLToPath(new URL("hostile-sshd.ts", import.meta.url)), behaviour === undefined ? [] : [behaviour]);
  const ended = once(child, "exit").then(([code]) =>
    Promise.reject(new Error(`the hostile server ended with ${String(code)} before it listened`)),
  );
  const [told] = (await Promise.race([once(child, "message"), ended])) as [Omit<HostileSshd, "stop">];
  ended.catch(() => undefined); // Later it ends because it is stopped.
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
  };
  return { ...told, stop };
}
