/* Temporary system accounts for tests. Needs root. */
import { readFile } from "node:fs/promises";
import { endProcessesOf, isAlive } from "./processes.ts";
import { run, tryRun } from "./run.ts";
import { until } from "./wait.ts";

// The name holds the pid of its maker, so that a later lab can remove what a killed one left.
const prefix = "srl";
let counter = 0;

export interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

/** Creates an account whose home is the given directory (made by the caller). */
export async function createAccount(home: string, loginShell: string, password: string | undefined): Promise<Account> {
  counter += 1;
  const name = `${prefix}-${process.pid}-${counter}`;
  // "*" means: no password fits, but the account is not locked (sshd refuses even keys for a locked one).
  await passwordFile(["useradd", "--no-create-home", "--home-dir", home, "--shell", loginShell, "--password", "*", name]);
  if (password !== undefined) await passwordFile(["chpasswd"], `${name}:${password}\n`);
  const [uid, gid] = (await run("getent", ["passwd", name])).split(":").slice(2, 4).map(Number);
  return { name, uid: uid ?? -1, gid: gid ?? -1, home };
}

export async function removeAccounts(accounts: readonly Pick<Account, "name" | "uid">[]): Promise<void> {
  await endProcessesOf(accounts.map(({ uid }) => uid));
  for (const { name } of accounts) await passwordFile(["userdel", "--force", name]);
}

/** Removes accounts whose maker is gone. */
export async function sweepAccounts(): Promise<void> {
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n");
  const stale = lines.flatMap((line) => {
    const match = new RegExp(`^(${prefix}-(\\d+)-\\d+):[^:]*:(\\d+):`).exec(line);
    return match === null || isAlive(Number(match[2])) ? [] : [{ name: match[1] ?? "", uid: Number(match[3]) }];
  });
  await removeAccounts(stale);
}

// Another lab may hold the lock of the account files, or have removed the same stale account.
async function passwordFile(command: [string, ...string[]], input?: string): Promise<void> {
  const [file, ...args] = command;
  await until(
    command.join(" "),
    async () => {
      const result = await tryRun(file, args, input === undefined ? {} : { input });
      if (result.code === 0) return true;
      if (/lock/i.test(result.stderr)) return false;
      // Removed meanwhile, before it was looked for or after.
      if (file === "userdel" && /does not exist|cannot remove entry/.test(result.stderr)) {
        return (await tryRun("getent", ["passwd", args.at(-1) ?? ""])).code !== 0;
      }
      throw new Error(`${command.join(" ")}: exit ${String(result.code)}: ${result.stderr}`);
    },
    60_000,
  );
}
