/* A real Docker Engine at a socket of its own, without network and bridges. Needs root, and a kernel that lets it have cgroups and mounts. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { engineDirectory, ensureDocker } from "../setup-docker.ts";
import { findProcesses, isAlive, processTree, signalEach } from "./processes.ts";
import { tryRun } from "./run.ts";
import { until } from "./wait.ts";

const directoryPrefix = "sremote-docker-";
const image = "sremote-lab";

export interface ContainerOptions {
  env?: Readonly<Record<string, string>>;
  /** Directories of this machine, at the same place in the container. */
  binds?: readonly string[];
  /** As whom its commands run. */
  user?: string;
  /** Where it has memory in place of a disk, and with which options: `{ "/small": "size=1m" }`. */
  tmpfs?: Readonly<Record<string, string>>;
}

export interface DockerLab extends AsyncDisposable {
  readonly socketPath: string;
  readonly directory: string;
  /** Starts a container of busybox, Python and Node that waits for commands; returns its name. */
  addContainer(options?: ContainerOptions): Promise<string>;
  /** One request to the engine; rejects when the status is not one of success. */
  ask(method: string, path: string, body?: unknown): Promise<string>;
  /** The processes in a container, the waiting one aside. */
  commands(container: string): Promise<number[]>;
  log(): Promise<string>;
  /** Ends the engine, as a crash does. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Why no engine can run here, or undefined: it is tried. */
export async function dockerProblem(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "dockerd needs root";
  if (!existsSync("/sys/fs/cgroup")) return "there are no cgroups";
  try {
    const lab = await startDocker();
    await lab.stop();
    return undefined;
  } catch (error) {
    return String(error).split("\n").slice(0, 3).join(" ").slice(0, 400);
  }
}

export async function startDocker(): Promise<DockerLab> {
  const [missing] = ensureDocker();
  if (missing !== undefined) throw new Error(missing);
  await sweepEngines();
  const directory = await mkdtemp(join(tmpdir(), `${directoryPrefix}${process.pid}-`));
  const lab = new Lab(directory);
  try {
    await lab.start();
    await lab.addContainer();
  } catch (error) {
    await lab.stop();
    throw error;
  }
  return lab;
}

/** A test run that was killed leaves its engine behind; the directory holds the name of its maker. */
async function sweepEngines(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const maker = new RegExp(`^${directoryPrefix}(\\d+)-`).exec(name)?.[1];
    if (maker !== undefined && !isAlive(Number(maker))) await endAll(join(tmpdir(), name));
  }
}

/** Ends whatever names the directory in its command line, and what is below that, takes the mounts away, and the files. */
async function endAll(directory: string): Promise<void> {
  await until(`what runs in ${directory} to end`, async () => {
    const left = await findProcesses(({ pid, command }) => pid !== process.pid && command.includes(`${directory}/`));
    for (const { pid } of left) signalEach((await processTree(pid)).toReversed(), "SIGKILL");
    return left.length === 0;
  });
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  for (const mount of mounts.filter((each) => each.startsWith(`${directory}/`)).toReversed()) await tryRun("umount", ["-l", mount]);
  await rm(directory, { recursive: true, force: true });
}

class Lab implements DockerLab {
  readonly directory: string;
  readonly socketPath: string;
  readonly #containers: string[] = [];
  #child: ChildProcess | undefined;

  constructor(directory: string) {
    this.directory = directory;
    this.socketPath = join(directory, "docker.sock");
  }

  async start(): Promise<void> {
    try {
      await this.#launch("overlay2");
    } catch {
      // An overlay on an overlay is refused; copies work everywhere.
      await this.crash();
      await this.#launch("vfs");
    }
    await this.#import();
  }

  async #launch(driver: string): Promise<void> {
    const at = (name: string): string => join(this.directory, name);
    const log = await open(at("log"), "a");
    const args = [
      `--data-root=${at("data")}`,
      `--exec-root=${at("exec")}`,
      `--pidfile=${at("pid")}`,
      `--host=unix://${this.socketPath}`,
      "--bridge=none",
      "--iptables=false",
      "--ip-forward=false",
      "--ip-masq=false",
      `--storage-driver=${driver}`,
      "--exec-opt=native.cgroupdriver=cgroupfs",
    ];
    const path = `${join(engineDirectory, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin`;
    try {
      this.#child = spawn(join(engineDirectory, "bin/dockerd"), args, {
        env: {
          PATH: path,
          LD_LIBRARY_PATH: join(engineDirectory, "lib"),
          HOME: this.directory,
          DOCKER_TMPDIR: at("tmp"),
          TMPDIR: this.directory,
        },
        stdio: ["ignore", log.fd, log.fd],
      });
    } finally {
      await log.close();
    }
    const child = this.#child;
    await until(
      "dockerd to answer",
      async () => {
        if (child.exitCode !== null)
          throw new Error(`dockerd exited with ${child.exitCode}: ${(await this.log()).split("\n").slice(-4).join("\n")}`);
        return this.ask("GET", "/_ping").catch(() => false as const);
      },
      30_000,
    );
  }

  async #import(): Promise<void> {
    const options = { socketPath: this.socketPath, method: "POST", headers: { "content-type": "application/x-tar" } };
    const sent = request({ ...options, path: `/images/create?fromSrc=-&repo=${image}` });
    const replied = once(sent, "response");
    await pipeline(createReadStream(join(engineDirectory, "image.tar")), sent);
    const [reply] = (await replied) as [import("node:http").IncomingMessage];
    const said = await text(reply);
    if (reply.statusCode !== 200 || said.includes('"error"')) throw new Error(`the image was not taken: ${said}`);
  }

  async addContainer({ env = {}, binds = [], user, tmpfs = {} }: ContainerOptions = {}): Promise<string> {
    const name = `lab-${this.#containers.length}`;
    this.#containers.push(name);
    await this.ask("POST", `/containers/create?name=${name}`, {
      Image: image,
      Cmd: ["/bin/sleep", "1000000"],
      Env: Object.entries({ PATH: "/usr/bin:/bin", ...env }).map(([key, value]) => `${key}=${value}`),
      ...(user !== undefined && { User: user }),
      HostConfig: {
        NetworkMode: "none",
        Tmpfs: tmpfs,
        Binds: [`${process.execPath}:/usr/bin/node:ro`, ...binds.map((each) => `${each}:${each}`)],
      },
    });
    await this.ask("POST", `/containers/${name}/start`);
    return name;
  }

  async ask(method: string, path: string, body?: unknown): Promise<string> {
    const sent = request({ socketPath: this.socketPath, method, path, headers: { "content-type": "application/json" } });
    const replied = once(sent, "response");
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [reply] = (await replied) as [import("node:http").IncomingMessage];
    const said = await text(reply);
    if ((reply.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${reply.statusCode} ${said}`);
    return said;
  }

  async commands(container: string): Promise<number[]> {
    const { State: state } = JSON.parse(await this.ask("GET", `/containers/${container}/json`)) as { State: { Pid: number } };
    const { Processes: rows } = JSON.parse(await this.ask("GET", `/containers/${container}/top?ps_args=-eo%20pid,stat`)) as {
      Processes: string[][];
    };
    return rows.filter(([pid, stat]) => Number(pid) !== state.Pid && stat?.startsWith("Z") === false).map(([pid]) => Number(pid));
  }

  async log(): Promise<string> {
    return readFile(join(this.directory, "log"), "utf8");
  }

  async crash(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      for (const name of this.#containers) await this.ask("DELETE", `/containers/${name}?force=true`).catch(() => undefined);
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    }
    await endAll(this.directory);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
