/* A process with a number of our choice, to stand where another one was. Needs root, and Linux's ns_last_pid. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { until } from "../../scripts/labs/wait.ts";

/** Leads a process group of its own, as what ours start does, so that a signal to the group would hit it as well. */
const program = `
import os, signal, sys
wanted = int(sys.argv[1])
for _ in range(20000):
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(wanted - 1))
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    if pid == wanted:
        print("taken", flush=True)
        sys.stdin.read()
        ended, status = os.waitpid(pid, os.WNOHANG)
        print("unharmed" if ended == 0 else "ended by signal %d" % (status & 127), flush=True)
        os.close(writer)
        sys.exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
sys.exit("the number could not be had")
`;

export interface TakenPid {
  /** Ends it. @returns `unharmed`, or by what signal it had ended before */
  release(): Promise<string>;
}

/** Waits until nobody has this number any more, and starts a process that has it. */
export async function takePid(pid: number): Promise<TakenPid> {
  await until(`process ${pid} to be gone`, () => !existsSync(`/proc/${pid}`));
  const child = spawn("/usr/bin/python3", ["-I", "-c", program, String(pid)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  const first = await next();
  if (first !== "taken") throw new Error(`no process with the number ${pid} could be started`);
  return {
    async release() {
      const closed = once(child, "close");
      child.stdin.end();
      const said = await next();
      await closed;
      return said;
    },
  };
}
