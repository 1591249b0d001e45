/* Runs a program to its end; for labs and set-up only. */
import { launch } from "./launcher.ts";

export interface RunResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** Runs a program and resolves however it ends; rejects only when it cannot be started. */
export async function tryRun(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { code, stdout, stderr } = await launch(file, args, { input: "", ...options });
  return { code, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** Runs a program; rejects with its standard error when it does not exit with 0. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryRun(file, args, options);
  if (result.code !== 0) {
    throw new Error(`${file} ${args.join(" ")}: exit ${String(result.code)}\n${result.stderr}${result.stdout}`);
  }
  return result.stdout;
}
