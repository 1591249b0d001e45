import { InvalidArgumentError, RemoteExecError, RemoteModulesError, SremoteError } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import { checkText } from "../call/check-values.ts";
import { cloneHere } from "./git-clone.ts";
import { internalCall, type InternalCallOptions } from "./internal-call.ts";
import type { Located } from "../host/launch.ts";
import { lastLines } from "../host/marker.ts";
import type { Spool } from "../spool/spool.ts";

export interface InstallOptions {
  /** `python` (pip, into the endpoint's virtual environment) or `node` (npm, into the endpoint's prefix). @default the client's */
  runtime?: Runtime | undefined;
  /** Milliseconds from now, connecting included. @default 900_000, 15 minutes, from when the host begins */
  timeout?: number | undefined;
  /** Aborting ends the installation; the promise rejects with the code `cancelled`. @default none */
  signal?: AbortSignal | undefined;
}

export interface BootstrapOptions {
  /** Which endpoint is installed. @default the client's */
  runtime?: Runtime | undefined;
  /** Milliseconds from now, connecting included. @default none */
  timeout?: number | undefined;
  /** Aborting ends the installation; the promise rejects with the code `cancelled`. @default none */
  signal?: AbortSignal | undefined;
}

export interface BootstrapResult {
  /** Absolute base directory on the host. */
  base: string;
  /** Absolute path of the interpreter that runs calls from now on. */
  interpreter: string;
}

const quarterHour = 900_000;

/** Installs the endpoint and its environment for one runtime; both steps leave alone what is there. */
export async function bootstrap(spool: Spool, runtime: Runtime, options: BootstrapOptions): Promise<BootstrapResult> {
  const known = spool.located(runtime);
  const { value } = await internalCall(spool, runtime, "prepare", [spool.settings[runtime] === undefined], options);
  return adopt(spool, runtime, known, value);
}

/** From now on calls run on the interpreter of the environment. */
function adopt(spool: Spool, runtime: Runtime, known: Located, prepared: unknown): BootstrapResult {
  const { base, interpreter } = prepared as BootstrapResult;
  known.interpreter = spool.settings[runtime] ?? interpreter;
  return { base, interpreter };
}

export async function installPackages(spool: Spool, packages: unknown, runtime: Runtime, options: InstallOptions): Promise<void> {
  if (!Array.isArray(packages) || packages.length === 0) throw new InvalidArgumentError("packages", "an array with at least one package");
  for (const [index, each] of packages.entries()) {
    checkText(`packages[${index}]`, each, 'a package such as "numpy" or "numpy==2.1.0"');
    // An installer would take `-r file` or `--index-url=…` for an option.
    if (each.startsWith("-") || /[\r\n]/.test(each)) throw new InvalidArgumentError(`packages[${index}]`, "a package, not an option");
  }
  await install(spool, runtime, "install_packages", [packages], options, `installing ${packages.length} package(s)`);
}

export interface GitModule {
  url: string;
  branch: string | undefined;
  name: string | undefined;
}

export async function installGitModule(spool: Spool, module: GitModule, runtime: Runtime, options: InstallOptions): Promise<void> {
  const { url, branch, name } = module;
  checkText("url", url, "the URL of a git repository");
  if (url.startsWith("-")) throw new InvalidArgumentError("url", "the URL of a git repository");
  if (branch !== undefined) {
    checkText("branch", branch, "a branch or tag");
    if (branch.startsWith("-")) throw new InvalidArgumentError("branch", "a branch or tag");
  }
  if (name !== undefined) checkText("name", name, "the name of the module that the repository provides");
  const task = "installing a git module";
  const args = [url, branch ?? null, name ?? null];
  const outcome = await install(spool, runtime, "install_git", args, options, task);
  const { git, base } = outcome as { git: boolean; base: string };
  if (!git) await pushClone(spool, base, module, runtime, options, task);
}

/** The host has no git: clone here, push the files as an archive, install from that. */
async function pushClone(
  spool: Spool,
  base: string,
  { url, branch, name }: GitModule,
  runtime: Runtime,
  options: InstallOptions,
  task: string,
): Promise<void> {
  const { connector } = spool;
  await using clone = await cloneHere(url, branch, options.signal);
  const path = `${base}/tmp/${clone.fileName}`;
  await connector.push({ path: clone.archive }, path, { signal: options.signal });
  await install(spool, runtime, "install_archive", [path, name ?? null], options, task);
}

async function install(
  spool: Spool,
  runtime: Runtime,
  fn: string,
  args: unknown[],
  options: InstallOptions,
  task: string,
): Promise<unknown> {
  const { signal, timeout = quarterHour } = options;
  const own = spool.settings[runtime] === undefined;
  const known = spool.located(runtime);
  try {
    const { value } = await internalCall(spool, runtime, fn, [...args, own], { signal, timeout });
    adopt(spool, runtime, known, value);
    return value;
  } catch (error) {
    throw installError(error, task, spool.connector.label);
  }
}

function installError(error: unknown, task: string, host: string): unknown {
  if (!(error instanceof RemoteExecError) || error.remote === undefined || error.code !== "raised") return error;
  const output = lastLines(Buffer.from(withoutCredentials(error.stdout + error.stderr)), 20);
  const [message = "", hint] = error.remote.message.split("\nhint: ");
  // Without the original as its cause: that holds what the installer printed, and installers print addresses with their passwords.
  return new RemoteModulesError("install-failed", `${task} failed: ${withoutCredentials(message)}`, {
    stage: "install",
    host,
    hint,
    lastLines: output,
  });
}

/** `https://user:secret@host` → `https://host`. */
function withoutCredentials(text: string): string {
  return text.replace(/(?<=:\/\/)[^\s/@]*@/g, "");
}

export async function isModuleInstalled(spool: Spool, name: unknown, runtime: Runtime, options: InternalCallOptions): Promise<boolean> {
  checkText("name", name, "the name of a module");
  const { value } = await internalCall(spool, runtime, "is_installed", [name], options);
  if (typeof value !== "boolean")
    throw new SremoteError("endpoint-broken", "is_installed did not answer yes or no", { host: spool.connector.label });
  return value;
}
