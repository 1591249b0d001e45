/* Where a stub runs what it is told to run: real commands of this machine, with a home directory of their own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { launch } from "../../scripts/labs/launcher.ts";
import { hostProcesses } from "../support/leftovers.ts";

/** As of every test host: see test/support/hosts.ts, which needs the stubs. */
const hostPath = `/usr/local/bin:/usr/bin:/bin:${dirname(process.execPath)}`;

export interface Ended {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
}

export class Sandbox implements AsyncDisposable {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(home: string) {
    this.home = home;
    this.env = { HOME: home, PATH: hostPath, LANG: "C.UTF-8" };
  }

  static async make(): Promise<Sandbox> {
    return new Sandbox(await mkdtemp(join(tmpdir(), "sremote-stub-")));
  }

  /** Runs a line as a login over SSH would: until it has ended and nobody holds its output. It goes on when the client leaves. */
  async run(line: string, options: { login?: boolean } = {}): Promise<Ended> {
    const args = [options.login === true ? "-lc" : "-c", line];
    const { code, signal, stdout, stderr } = await launch("/bin/sh", args, { cwd: this.home, env: this.env, detached: true });
    return { exitCode: code ?? (signal === "SIGKILL" ? 137 : 128), stdout, stderr };
  }

  /** Processes of the sandbox that are still there. */
  async processes(): Promise<number[]> {
    return (await hostProcesses(this.home)).map(({ pid }) => pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of await this.processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
