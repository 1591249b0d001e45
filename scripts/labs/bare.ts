/* A host with next to nothing on it: a root directory of its own, with a shell and a few tools, behind a real sshd. Needs root. */
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run, tryRun } from "./run.ts";
import { isAlive } from "./processes.ts";
import { type Lab, startSshd } from "./sshd.ts";
import type { Account } from "./users.ts";

/** sshd takes a root directory only where nobody else can write to any directory above it, so not below /tmp. */
const place = "/run";
const prefix = "sremote-bare-";

export interface BareHost extends AsyncDisposable {
  readonly lab: Lab;
  /** Its directory for temporary files. */
  readonly temporary: string;
  /** An account, with its home directory's path as both sides know it. */
  addUser(): Promise<Account>;
}

export interface BareTools {
  /** Programs of this machine, which are copied with what they need. */
  readonly programs: readonly string[];
  /** Other names for them, such as busybox has. */
  readonly links?: Readonly<Record<string, string>>;
  /** Scripts in the place of programs, by name. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/** All of busybox, and nothing else. */
export async function busyboxTools(): Promise<BareTools> {
  const names = (await run("/usr/bin/busybox", ["--list"])).trim().split("\n");
  return { programs: ["/usr/bin/busybox"], links: Object.fromEntries(names.map((name) => [name, "busybox"])) };
}

/** A busybox without the options that not all systems' tools have, and another tool for SHA-256. */
export async function oldTools(): Promise<BareTools> {
  const { programs, links } = await busyboxTools();
  const without = (name: string, option: string): string =>
    `for each do case $each in -*${option}*) echo "${name}: unknown option" >&2; exit 1 ;; esac; done\nexec busybox ${name} "$@"`;
  const { sha256sum: _, ...others } = links!;
  return {
    programs: [...programs, "/usr/bin/openssl"],
    links: others,
    scripts: { mv: without("mv", "T"), touch: without("touch", "[hd]") },
  };
}

/** A shell with coreutils and findutils. */
export function gnuTools(shell: string, names: readonly string[]): BareTools {
  return { programs: [shell, ...names.map((name) => `/usr/bin/${name}`)], links: { sh: basename(shell) } };
}

export async function startBareHost({ programs, links = {}, scripts = {} }: BareTools): Promise<BareHost> {
  await sweep();
  const root = await mkdtemp(join(place, `${prefix}${process.pid}-`));
  try {
    for (const name of ["bin", "dev", "tmp"]) await mkdir(join(root, name));
    await chmod(root, 0o755);
    await chmod(join(root, "tmp"), 0o1777);
    await run("mknod", ["-m", "666", join(root, "dev/null"), "c", "1", "3"]);
    await run("mknod", ["-m", "666", join(root, "dev/zero"), "c", "1", "5"]);
    for (const program of programs) await copyProgram(root, program);
    for (const [name, target] of Object.entries(links)) {
      if (name !== target && scripts[name] === undefined) await symlink(target, join(root, "bin", name));
    }
    for (const [name, text] of Object.entries(scripts)) await writeFile(join(root, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    // What is here `root` is there `/`: so that one path means one file on both sides, it leads to itself.
    await mkdir(join(root, place));
    await symlink("/", join(root, root));
    const lab = await startSshd({ config: ["SetEnv PATH=/bin", `ChrootDirectory ${root}`] });
    return {
      lab,
      temporary: join(root, "tmp"),
      async addUser() {
        const account = await lab.addUser({ shell: "/bin/sh" });
        const home = join(root, account.home);
        await mkdir(home, { recursive: true });
        await chown(home, account.uid, account.gid);
        return { ...account, home };
      },
      async [Symbol.asyncDispose]() {
        await lab.stop();
        await rm(root, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}

/** A program and the libraries that it is linked with. */
async function copyProgram(root: string, program: string): Promise<void> {
  await copyFile(program, join(root, "bin", basename(program)));
  // ldd fails for a program that is linked statically, as some systems' busybox is.
  const { stdout } = await tryRun("ldd", [program]);
  const libraries = stdout.match(/\/\S+(?= \(0x)/g) ?? [];
  for (const library of libraries) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
}

/** Removes what a killed run left. */
async function sweep(): Promise<void> {
  for (const name of await readdir(place)) {
    const maker = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (maker !== undefined && !isAlive(Number(maker))) await rm(join(place, name), { recursive: true, force: true });
  }
}
