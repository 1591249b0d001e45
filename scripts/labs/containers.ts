/* A real engine of containers at a socket of its own, without network and bridges. Needs root, and a kernel that lets it have cgroups and mounts. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, open, readdir, readFile, readlink, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { engineDirectory } from "../setup-docker.ts";
import { findProcesses, isAlive, processTree, signalEach } from "./processes.ts";
import { tryRun } from "./run.ts";
import { until } from "./wait.ts";

const image = "sremote-lab";

/** Which engine, and how it is started. */
export interface Engine {
  /** Such as `dockerd`. */
  readonly name: string;
  /** Names of storage drivers, the best first. */
  readonly drivers: readonly string[];
  /** @param directory its own, in which all that it makes is to be */
  prepare(directory: string, socketPath: string, driver: string): Promise<EngineProgram>;
}

export interface EngineProgram {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ContainerOptions {
  env?: Readonly<Record<string, string>>;
  /** Directories of this machine, at the same place in the container. */
  binds?: readonly string[];
  /** As whom its commands run. */
  user?: string;
  /** Where it has memory in place of a disk, and with which options: `{ "/small": "size=1m" }`. */
  tmpfs?: Readonly<Record<string, string>>;
}

export interface ContainerLab extends AsyncDisposable {
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

/** Starts an engine, and a container in it. @param missing what cannot be had of it */
export async function startEngine(engine: Engine, [missing]: readonly string[]): Promise<ContainerLab> {
  if (missing !== undefined) throw new Error(missing);
  const prefix = `sremote-${engine.name}-`;
  await sweepEngines(prefix);
  const directory = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  const lab = new Lab(directory, engine);
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
async function sweepEngines(prefix: string): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const maker = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
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

class Lab implements ContainerLab {
  readonly directory: string;
  readonly socketPath: string;
  readonly #engine: Engine;
  readonly #containers: string[] = [];
  #child: ChildProcess | undefined;

  constructor(directory: string, engine: Engine) {
    this.directory = directory;
    this.#engine = engine;
    this.socketPath = join(directory, "engine.sock");
  }

  async start(): Promise<void> {
    const [best = "", other] = this.#engine.drivers;
    try {
      await this.#launch(best);
    } catch (error) {
      // An overlay on an overlay is refused; copies work everywhere.
      await this.crash();
      if (other === undefined) throw error;
      await this.#launch(other);
    }
    await this.#import();
  }

  async #launch(driver: string): Promise<void> {
    const { program, args, env } = await this.#engine.prepare(this.directory, this.socketPath, driver);
    const log = await open(join(this.directory, "log"), "a");
    try {
      this.#child = spawn(program, [...args], { env, stdio: ["ignore", log.fd, log.fd] });
    } finally {
      await log.close();
    }
    const child = this.#child;
    await until(
      `${this.#engine.name} to answer`,
      async () => {
        if (child.exitCode !== null)
          throw new Error(`${this.#engine.name} exited with ${child.exitCode}: ${(await this.log()).split("\n").slice(-4).join("\n")}`);
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
    // By the kernel's own word: engines list them in different ways.
    const spaceOf = (pid: number): Promise<string | undefined> => readlink(`/proc/${pid}/ns/pid`).catch(() => undefined); // it may have ended
    const space = await spaceOf(state.Pid);
    const all = await findProcesses(({ pid }) => pid !== state.Pid);
    const spaces = await Promise.all(all.map(({ pid }) => spaceOf(pid)));
    return all.filter((_, index) => space !== undefined && spaces[index] === space).map(({ pid }) => pid);
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
