/* A real Podman, which speaks Docker's Engine API: see containers.ts. Image and runtime are those of the Docker lab. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { engineDirectory, ensureDocker } from "../setup-docker.ts";
import { ensurePodman, podmanDirectory } from "../setup-podman.ts";
import { startEngine } from "./containers.ts";
import type { ContainerLab, Engine } from "./containers.ts";

export function startPodman(): Promise<ContainerLab> {
  return startEngine(podman, [...ensureDocker(), ...ensurePodman()]);
}

const podman: Engine = {
  name: "podman",
  drivers: ["overlay", "vfs"],
  async prepare(directory, socketPath, driver) {
    const at = (name: string): string => join(directory, name);
    const program = (name: string): string => join(podmanDirectory, "bin", name);
    const settings = join(directory, ".config/containers");
    await mkdir(settings, { recursive: true });
    await writeFile(join(settings, "policy.json"), '{ "default": [{ "type": "insecureAcceptAnything" }] }\n');
    // Its locks are usually in memory that all engines of a machine share; and it would raise limits, which not every machine lets it do.
    const limits = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n';
    await writeFile(at("containers.conf"), `${limits}[engine]\nlock_type = "file"\nexit_command_delay = 5\n`);
    const storage = { driver, graphroot: at("data"), runroot: at("exec") };
    await writeFile(
      at("storage.conf"),
      `[storage]\n${Object.entries(storage)
        .map(([key, value]) => `${key} = "${value}"\n`)
        .join("")}`,
    );
    return {
      program: program("podman"),
      args: [
        `--root=${at("data")}`,
        `--runroot=${at("exec")}`,
        `--tmpdir=${at("tmp")}`,
        `--storage-driver=${driver}`,
        "--cgroup-manager=cgroupfs",
        "--events-backend=file",
        // crun refuses machines with cgroups of both versions.
        `--runtime=${join(engineDirectory, "bin/runc")}`,
        `--conmon=${program("conmon")}`,
        "system",
        "service",
        "--time=0",
        `unix://${socketPath}`,
      ],
      env: {
        PATH: `${join(podmanDirectory, "bin")}:/usr/sbin:/usr/bin:/sbin:/bin`,
        LD_LIBRARY_PATH: `${join(podmanDirectory, "lib")}:${join(engineDirectory, "lib")}`,
        HOME: directory,
        TMPDIR: directory,
        CONTAINERS_CONF: at("containers.conf"),
        CONTAINERS_STORAGE_CONF: at("storage.conf"),
        CONTAINERS_REGISTRIES_CONF: "/dev/null",
      },
    };
  },
};
