/* A real Jupyter Server on loopback, with a home directory and a token of its own. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureJupyter, jupyterPython } from "../setup-jupyter.ts";
import { freePort } from "./port.ts";
import { findProcesses, isAlive, processTree, signalEach } from "./processes.ts";
import { run } from "./run.ts";
import { isListening, until } from "./wait.ts";

const directoryPrefix = "sremote-jupyter-";
const address = "127.0.0.1";

export interface JupyterOptions {
  /** What its kernels and commands get; HOME is set. */
  env?: Readonly<Record<string, string>>;
  /** Takes a password instead of a token. */
  password?: string;
  /** The server's root, below the home directory. Default: the home directory itself. */
  root?: string;
  /** Whether it has the Python kernel. Default true. */
  python?: boolean;
}

export interface JupyterLab extends AsyncDisposable {
  readonly port: number;
  readonly baseUrl: string;
  readonly token: string;
  readonly home: string;
  /** Process ids of the kernels that run. */
  kernels(): Promise<number[]>;
  /** Process ids of what was started with the lab's home directory, the server and its kernels aside. */
  commands(): Promise<number[]>;
  /** What is in the home directory. */
  files(): Promise<string[]>;
  log(): Promise<string>;
  /** Ends the server alone, as a crash does; its kernels stay. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export async function startJupyter(options: JupyterOptions = {}): Promise<JupyterLab> {
  const [missing] = ensureJupyter();
  if (missing !== undefined) throw new Error(missing);
  await sweepServers();
  const directory = await mkdtemp(join(tmpdir(), `${directoryPrefix}${process.pid}-`));
  const lab = new Lab(directory, await freePort(address), options);
  try {
    await lab.start();
  } catch (error) {
    await lab.stop();
    throw error;
  }
  return lab;
}

/** A test run that was killed leaves its servers behind; the directory holds the name of its maker. */
async function sweepServers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const maker = new RegExp(`^${directoryPrefix}(\\d+)-`).exec(name)?.[1];
    if (maker === undefined || isAlive(Number(maker))) continue;
    const directory = join(tmpdir(), name);
    await endAll(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function startedWithin(directory: string): Promise<{ pid: number; command: string }[]> {
  const all = await findProcesses(({ pid }) => pid !== process.pid);
  const environments = await Promise.all(all.map(({ pid }) => readFile(`/proc/${pid}/environ`, "latin1").catch(() => "")));
  return all.filter((_, index) => environments[index]?.split("\0").includes(`HOME=${join(directory, "home")}`) === true);
}

async function endAll(directory: string): Promise<void> {
  await until(`what runs in ${directory} to end`, async () => {
    const left = await startedWithin(directory);
    signalEach(
      left.map(({ pid }) => pid),
      "SIGKILL",
    );
    return left.length === 0;
  });
}

class Lab implements JupyterLab {
  readonly port: number;
  readonly token: string = randomBytes(24).toString("hex");
  readonly home: string;
  readonly #directory: string;
  readonly #options: JupyterOptions;
  #child: ChildProcess | undefined;

  constructor(directory: string, port: number, options: JupyterOptions) {
    this.#directory = directory;
    this.port = port;
    this.#options = options;
    this.home = join(directory, "home");
  }

  get baseUrl(): string {
    return `http://${address}:${this.port}/base`;
  }

  async start(): Promise<void> {
    const { env = {}, password, root = "", python = true } = this.#options;
    const at = (name: string): string => join(this.#directory, name);
    await mkdir(join(this.home, root), { recursive: true, mode: 0o700 });
    const identity =
      password === undefined
        ? [`c.IdentityProvider.token = ${JSON.stringify(this.token)}`]
        : ['c.IdentityProvider.token = ""', `c.PasswordIdentityProvider.hashed_password = ${JSON.stringify(await hashed(password))}`];
    const config = [
      ...identity,
      `c.ServerApp.ip = ${JSON.stringify(address)}`,
      `c.ServerApp.port = ${this.port}`,
      "c.ServerApp.port_retries = 0",
      'c.ServerApp.base_url = "/base"',
      "c.ServerApp.open_browser = False",
      "c.ServerApp.allow_root = True",
      "c.ServerApp.allow_remote_access = False",
      `c.ServerApp.root_dir = ${JSON.stringify(join(this.home, root))}`,
      // Kernels talk to the server over sockets in its own directory, not over TCP.
      'c.KernelManager.transport = "ipc"',
      ...(python ? [] : ["c.KernelSpecManager.ensure_native_kernel = False", 'c.KernelSpecManager.allowed_kernelspecs = {"none"}']),
    ];
    await writeFile(at("config.py"), config.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    await mkdir(at("run"), { mode: 0o700 });
    const log = await open(at("log"), "a");
    try {
      this.#child = spawn(jupyterPython, ["-m", "jupyter_server", `--config=${at("config.py")}`], {
        cwd: this.home,
        env: {
          PATH: "/usr/local/bin:/usr/bin:/bin",
          LANG: "C.UTF-8",
          ...env,
          HOME: this.home,
          JUPYTER_CONFIG_DIR: at("etc"),
          JUPYTER_DATA_DIR: at("data"),
          JUPYTER_RUNTIME_DIR: at("run"),
          IPYTHONDIR: at("ipython"),
        },
        stdio: ["ignore", log.fd, log.fd],
      });
    } finally {
      await log.close();
    }
    const child = this.#child;
    const listens = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`Jupyter Server exited with ${child.exitCode}:\n${await this.log()}`);
      return isListening(address, this.port);
    };
    await until(`Jupyter Server at port ${this.port}`, listens, 60_000);
  }

  async log(): Promise<string> {
    return readFile(join(this.#directory, "log"), "utf8");
  }

  async files(): Promise<string[]> {
    return readdir(this.home);
  }

  async kernels(): Promise<number[]> {
    const found = await startedWithin(this.#directory);
    return found.filter(({ command }) => command.includes("ipykernel_launcher")).map(({ pid }) => pid);
  }

  async commands(): Promise<number[]> {
    const found = await startedWithin(this.#directory);
    return found.filter(({ command }) => !/ipykernel_launcher|-m jupyter_server/.test(command)).map(({ pid }) => pid);
  }

  async crash(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async stop(): Promise<void> {
    const tree = this.#child?.pid === undefined ? [] : await processTree(this.#child.pid);
    await this.crash();
    signalEach(tree.slice(1), "SIGKILL");
    await endAll(this.#directory);
    await rm(this.#directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function hashed(password: string): Promise<string> {
  const program = "import sys; from jupyter_server.auth.security import passwd; print(passwd(sys.stdin.read()))";
  return (await run(jupyterPython, ["-c", program], { input: password })).trim();
}
