/* One account for each login shell, whose start-up files change; and what has to hold for each, against plain ssh. */
import { spawn } from "node:child_process";
import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { type Connector, openssh, ssh } from "@sremote/connectors";
import { fleet } from "@sremote/fleet";
import { SremoteError } from "@sremote/protocol";
import { expect } from "vitest";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { hostPath } from "../support/hosts.ts";
import { type LoginShell, type StartUp, startUpText, wrapper } from "./start-up-files.ts";

export const connectorNames = ["ssh", "openssh"] as const;
export type ConnectorName = (typeof connectorNames)[number];
export const operationNames = ["exec", "exec with input", "push", "call", "run"] as const;
export type OperationName = (typeof operationNames)[number];

export interface Cell {
  readonly shell: LoginShell;
  readonly startUp: StartUp;
  readonly connector: ConnectorName;
  readonly operations: readonly OperationName[];
}

/** What a shell that reads it as commands would do. */
const payload = Buffer.from("touch ~/EXECUTED\nimport os; os.system('touch ~/EXECUTED')\n");

export class Matrix implements AsyncDisposable {
  readonly #lab: Lab;
  /** Accounts of each shell that no cell uses now: start-up files are the account's, so each cell has one of its own. */
  readonly #free = new Map<LoginShell, Account[]>();
  #programs = 0;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  static async start(): Promise<Matrix> {
    return new Matrix(await startSshd({ config: [`SetEnv PATH=${hostPath}`] }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab.stop();
  }

  /** Resolves when everything holds that has to hold in the cell. */
  async check(cell: Cell): Promise<void> {
    const account = await this.#account(cell.shell);
    await this.#write(account, cell.shell.file ?? ".startup", startUpText(cell.startUp, cell.shell));
    const works = await this.#plain(account);
    await using connector = this.#connect(account, cell.connector);
    await Promise.all(
      cell.operations.map(async (name) => {
        const outcome = await this.#perform(name, connector, account, cell).catch((error: unknown) => error);
        const { shell, startUp } = cell;
        const hasEnded = shell.restricted === true && startUp.endsAtErrors === true;
        const mayStart = works && !hasEnded && !(startUp.readsInput === true && name !== "exec");
        if (mayStart) return expect(outcome, name).toEqual(expected[name]);
        expect(outcome, name).toBeInstanceOf(SremoteError);
        expect((outcome as SremoteError).code, `${name}: ${String(outcome)}`).toBe("channel-failed");
        expect((outcome as SremoteError).message).toMatch(/did not start the command/);
        if (hasEnded) expect((outcome as SremoteError).hint, name).toMatch(/is restricted and takes no `exec`; .*`set -e`/);
      }),
    );
    expect(await readdir(account.home)).not.toContain("EXECUTED");
    this.#free.set(cell.shell, [...(this.#free.get(cell.shell) ?? []), account]);
  }

  async #account(shell: LoginShell): Promise<Account> {
    const free = this.#free.get(shell)?.pop();
    if (free !== undefined) return free;
    let program = shell.path;
    if (shell.file === undefined && shell.dialect !== "none") {
      program = join(this.#lab.directory, `shell-${(this.#programs += 1)}`);
      await writeFile(program, wrapper(shell));
      await chmod(program, 0o755);
    }
    return await this.#lab.addUser({ shell: program });
  }

  async #write(account: Account, name: string, text: string): Promise<void> {
    const path = join(account.home, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    for (let at = path; at.length > account.home.length; at = dirname(at)) await chown(at, account.uid, account.gid);
  }

  /** Whether `ssh host command` runs a command and tells its status. */
  async #plain({ name }: Account): Promise<boolean> {
    const { address, port, key, knownHosts } = this.#lab;
    const files = ["-F", "none", "-i", key.path, "-o", `UserKnownHostsFile=${knownHosts}`, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"];
    const args = [...files, "-p", String(port), `${name}@${address}`, "sh -c 'echo out; exit 7'"];
    const child = spawn("ssh", args, { stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 });
    const output = Buffer.concat(await child.stdout.toArray()).toString("latin1");
    const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once("exit", resolve)));
    return code === 7 && output.includes("out\n");
  }

  #connect(account: Account, name: ConnectorName): Connector {
    const { address, port, key, knownHosts } = this.#lab;
    const options = { host: address, port, username: account.name, privateKeyPath: key.path, knownHosts, sshConfig: false as const };
    return name === "ssh" ? ssh({ ...options, startTimeout: 3000 }) : openssh({ ...options, startTimeout: 3000 });
  }

  async #perform(name: OperationName, connector: Connector, account: Account, cell: Cell): Promise<unknown> {
    const own = (): Connector => this.#connect(account, cell.connector);
    switch (name) {
      case "exec": {
        const { exitCode, stdout } = await connector.exec(["sh", "-c", "echo out; exit 7"]);
        return { exitCode, stdout: Buffer.from(stdout).toString("latin1") };
      }
      case "exec with input": {
        const { exitCode, stdout } = await connector.exec(["cat"], { stdin: payload });
        return { exitCode, stdout: Buffer.from(stdout).toString("latin1") };
      }
      case "push": {
        const path = join(account.home, "pushed");
        await rm(path, { force: true });
        await connector.push(payload, path);
        return (await readFile(path)).toString("latin1");
      }
      case "call": {
        await using client = new RemoteClient(own());
        return (await client.doRemoteCall("builtins", "len", [new Uint8Array(payload)])).value;
      }
      default: {
        await using nodes = fleet([this.#lab.address], { connect: own, logLevel: "silent" });
        const { jobs } = await nodes.run("cat; exit 7", { stdin: payload });
        const job = jobs[0]!;
        if (job.error !== undefined) throw job.error;
        return { exitCode: job.exitCode, stdout: job.stdout };
      }
    }
  }
}

const expected: Readonly<Record<OperationName, unknown>> = {
  exec: { exitCode: 7, stdout: "out\n" },
  "exec with input": { exitCode: 0, stdout: payload.toString("latin1") },
  push: payload.toString("latin1"),
  call: payload.length,
  run: { exitCode: 7, stdout: payload.toString("latin1") },
};
