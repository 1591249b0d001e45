/* A real Docker Engine: see containers.ts. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { engineDirectory, ensureDocker } from "../setup-docker.ts";
import { startEngine } from "./containers.ts";
import type { ContainerLab, Engine } from "./containers.ts";

export type { ContainerLab as DockerLab } from "./containers.ts";

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

export function startDocker(): Promise<ContainerLab> {
  return startEngine(dockerd, ensureDocker());
}

const dockerd: Engine = {
  name: "docker",
  drivers: ["overlay2", "vfs"],
  async prepare(directory, socketPath, driver) {
    const at = (name: string): string => join(directory, name);
    return {
      program: join(engineDirectory, "bin/dockerd"),
      args: [
        `--data-root=${at("data")}`,
        `--exec-root=${at("exec")}`,
        `--pidfile=${at("pid")}`,
        `--host=unix://${socketPath}`,
        "--bridge=none",
        "--iptables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        `--storage-driver=${driver}`,
        "--exec-opt=native.cgroupdriver=cgroupfs",
      ],
      env: {
        PATH: `${join(engineDirectory, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin`,
        LD_LIBRARY_PATH: join(engineDirectory, "lib"),
        HOME: directory,
        DOCKER_TMPDIR: at("tmp"),
        TMPDIR: directory,
      },
    };
  },
};
