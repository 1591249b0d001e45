/* The process of launcher.ts. It loads nothing else, so that it stays small, and ends with the one that started it. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface LaunchOptions {
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What it reads from standard input. Default: nothing. */
  readonly input?: string | undefined;
  /** A process group of its own. Default false. */
  readonly detached?: boolean;
  /** Files that take its output, of standard output and standard error. */
  readonly files?: readonly [stdout: string, stderr: string];
}

export interface Order {
  readonly id: number;
  readonly file: string;
  readonly args: readonly string[];
  readonly options: LaunchOptions;
}

export type Report = { readonly id: number } & (
  | { readonly error: { readonly message: string; readonly code: string | undefined } }
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stdout: Uint8Array; readonly stderr: Uint8Array }
);

process.on("message", ({ id, file, args, options }: Order) => {
  const report = (what: Omit<Report, "id"> & object): void => void process.send!({ id, ...what });
  const fail = (error: NodeJS.ErrnoException): void => report({ error: { message: error.message, code: error.code } });
  const opened: number[] = [];
  try {
    for (const path of options.files ?? []) opened.push(openSync(path, "w"));
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env,
      detached: options.detached ?? false,
      stdio: [options.input === undefined ? "ignore" : "pipe", opened[0] ?? "pipe", opened[1] ?? "pipe"],
    });
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    });
    child.once("error", fail);
    // A program that does not read its input closes the pipe early; its exit code tells the rest.
    child.stdin?.on("error", () => undefined).end(options.input);
    child.once("close", (code, signal) => {
      if (child.pid !== undefined) report({ code, signal, stdout: Buffer.concat(stdout!), stderr: Buffer.concat(stderr!) });
    });
  } catch (error) {
    fail(error as NodeJS.ErrnoException);
  } finally {
    for (const each of opened) closeSync(each);
  }
});
process.once("disconnect", () => process.exit());
