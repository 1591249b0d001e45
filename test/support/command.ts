/* The real `sremote` command as a child process, with a home directory of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBuilt } from "./built.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** As it is published; made by `npm run build`. */
export const fromDist: readonly string[] = [join(root, "packages/sremote/dist/command.js")];
/** As it is now: built, or from source where that has changed since and Node knows the syntax that the compiler else rewrites: `using`, from Node 24 on. */
export const asItIs: readonly string[] =
  isBuilt() || Number(process.versions.node.split(".")[0]) < 24
    ? fromDist
    : ["--disable-warning=ExperimentalWarning", "--conditions=@sremote/source", join(root, "packages/sremote/src/command.ts")];

export interface CommandEnd {
  exitCode: number | null;
  stdout: Buffer;
  stderr: string;
}

export interface RunningCommand {
  child: ChildProcessWithoutNullStreams;
  end: Promise<CommandEnd>;
}

export interface CommandHome extends AsyncDisposable {
  readonly directory: string;
  /** The environment of the command and so of calls on `local`. */
  readonly env: Record<string, string>;
  start(...args: string[]): RunningCommand;
  /** With this as its standard input. */
  startWith(input: string, ...args: string[]): RunningCommand;
  run(...args: string[]): Promise<CommandEnd>;
  /** Standard output of a run that must end with 0 and print nothing on standard error. */
  output(...args: string[]): Promise<string>;
}

/** @param files written into the home directory, from where Python imports and Node resolves */
export async function commandHome(files: Readonly<Record<string, string>> = {}, program: readonly string[] = asItIs): Promise<CommandHome> {
  const directory = await mkdtemp(join(tmpdir(), "sremote-cli-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const { NODE_COMPILE_CACHE = "" } = process.env;
  const env = { HOME: directory, PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", NODE_COMPILE_CACHE };
  const startWith = (input: string, ...args: string[]): RunningCommand => {
    const child = spawn(process.execPath, [...program, ...args], { env, cwd: root });
    child.stdin.end(input);
    return { child, end: endOf(child) };
  };
  const start = (...args: string[]): RunningCommand => startWith("", ...args);
  const run = (...args: string[]): Promise<CommandEnd> => start(...args).end;
  return {
    directory,
    env,
    start,
    startWith,
    run,
    async output(...args) {
      const { exitCode, stdout, stderr } = await run(...args);
      if (exitCode !== 0 || stderr !== "") throw new Error(`sremote ${args.join(" ")}: exit ${exitCode}: ${stderr}`);
      return stdout.toString("utf8");
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function endOf(child: ChildProcessWithoutNullStreams): Promise<CommandEnd> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  await once(child, "close");
  return { exitCode: child.exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString("utf8") };
}
