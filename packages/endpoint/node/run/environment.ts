/* What the function's process finds around it: environment variables and working directory, complete before it starts. */
import { accessSync, constants, statSync, utimesSync } from "node:fs";
import { userInfo } from "node:os";
import { basename, isAbsolute, resolve } from "node:path";
import { SremoteError, type CallMessage, type Code } from "@sremote/protocol";
import { loadChildProcess, uniqueSuffix } from "../host/lazy.ts";
import { codeVariable } from "./search-directories.ts";
import { loginShell } from "../wire/limits.ts";
import { errorCode, makeDirectories } from "../host/directory.ts";

/** The part of a call that says what its process finds around it. */
export type Surroundings = Pick<CallMessage, "env" | "path" | "cwd" | "tmp" | "loginEnv" | "code">;

export async function callEnvironment(call: Surroundings, base: string): Promise<NodeJS.ProcessEnv> {
  const code = checkCode(call, base);
  const environment = call.loginEnv === true ? await loginEnvironment() : { ...process.env };
  for (const [name, value, onlyIfUnset] of call.env ?? []) {
    if (!onlyIfUnset || environment[name] === undefined) environment[name] = value;
  }
  const path = call.path ?? [];
  if (path.length > 0) environment["PATH"] = [environment["PATH"], ...path].filter(Boolean).join(":");
  environment["SREMOTE_BASE"] = base;
  if (code.length > 0) environment[codeVariable] = code.join("\n");
  if (call.tmp !== undefined) environment["TMPDIR"] = makeDirectory(call.tmp, "directory for temporary files");
  return environment;
}

/**
 * The directories of the call's shipped code, which are kept for as long as they are used.
 * @throws SremoteError `code-missing`
 */
export function checkCode({ code = [] }: Surroundings, base: string): string[] {
  const now = new Date();
  return code.map((digest) => {
    const place = `${base}/code/${digest}`;
    try {
      utimesSync(place, now, now);
    } catch (error) {
      throw new SremoteError("code-missing", `the host lacks shipped code: ${place}: ${errorCode(error)}`, {
        stage: "setup",
        cause: error,
      });
    }
    return place;
  });
}

/**
 * The call's working directory, made with mode 0700 when missing; relative to the home directory, which it is by default.
 * @throws SremoteError with the stage `setup`
 */
export function callDirectory(call: Surroundings): string {
  if (call.cwd === undefined) return mayEnter(home()) ? home() : "/";
  return makeDirectory(call.cwd, "working directory");
}

function mayEnter(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function makeDirectory(path: string, purpose: string): string {
  const directory = resolve(home(), path);
  try {
    makeDirectories(directory);
    accessSync(directory, constants.X_OK);
  } catch (error) {
    const code = errorCode(error) ?? "";
    throw new SremoteError(codes[code] ?? "permission-denied", `cannot use the ${purpose} ${directory}: ${code}`, {
      stage: "setup",
      cause: error,
    });
  }
  return directory;
}

export function home(): string {
  const found = process.env["HOME"];
  // An empty or relative one says nothing; then it is the account's, as for the Python endpoint.
  return found !== undefined && isAbsolute(found) ? resolve(found) : userInfo().homedir;
}

const codes: Readonly<Record<string, Code>> = {
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  EEXIST: "not-a-file",
  ENOTDIR: "not-a-file",
  ENOENT: "no-such-file",
};

/** The environment that the user's login shell sets up. What its files print stands before or after the markers and is dropped. */
async function loginEnvironment(): Promise<NodeJS.ProcessEnv> {
  const shell = findLoginShell();
  const marker = uniqueSuffix();
  // The command does not hold the marker itself: login files may have the shell print each command.
  const print = `process.stdout.write(["",JSON.stringify(process.env),""].join(Buffer.from("${Buffer.from(marker).toString("hex")}","hex")))`;
  // A name that begins with a dash makes any shell a login shell (login(1)); csh takes no other way together with a command.
  const child = loadChildProcess().spawn(shell, ["-c", `'${process.execPath.replaceAll("'", "'\\''")}' -e '${print}'`], {
    argv0: `-${basename(shell)}`,
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "NODE_OPTIONS")),
  });
  const text = await new Promise<string>((resolveText, reject) => {
    const parts: Buffer[] = [];
    const late = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      reject(loginFailed(shell, `did not end within ${loginShell / 1000} s`));
    }, loginShell);
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.on("error", (error) => {
      clearTimeout(late);
      reject(loginFailed(shell, `cannot be started (${errorCode(error)})`));
    });
    child.on("exit", () => clearTimeout(late));
    child.on("close", () => resolveText(Buffer.concat(parts).toString("utf8")));
  });
  const parts = text.split(marker);
  if (parts.length < 3) throw loginFailed(shell, "ended before it ran a command");
  const environment: NodeJS.ProcessEnv = JSON.parse(parts.at(-2)!);
  return environment;
}

function findLoginShell(): string {
  // The account's shell, not $SHELL, which names the shell of the user that started this process.
  return userInfo().shell || process.env["SHELL"] || "/bin/sh";
}

function loginFailed(shell: string, what: string): SremoteError {
  return new SremoteError("unsupported", `loginEnv: the login shell ${shell} ${what}`, {
    stage: "setup",
    hint: "call without loginEnv, or look into the login files of this user on the host",
  });
}
