/* Functions that end badly, leave processes behind, or move much, for both runtimes. */
import { join } from "node:path";
import { plant, type Runtime } from "../support/effects.ts";

const python = `
import os, resource, signal, subprocess, time

def family():
    return [os.getpid(), os.getppid()]

def breed(path):
    """Two processes below this one, one of which is not in its hands any more; then goes on for ever."""
    first = subprocess.Popen(["sleep", "600"])
    second = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; exec sleep 600"], stdout=subprocess.PIPE)
    below = int(second.stdout.readline())
    with open(path + ".new", "w") as f:
        f.write(" ".join(str(pid) for pid in (os.getpid(), os.getppid(), first.pid, second.pid, below)))
    os.rename(path + ".new", path)
    time.sleep(600)

def die(number):
    os.kill(os.getpid(), number)
    time.sleep(60)

def abort():
    os.abort()

def leave(status):
    os._exit(status)

def burn(seconds):
    used = int(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (used, used + 5))
    while True:
        pass

def devour():
    hoard = []
    while True:
        hoard.append(b"x" * 16777216)

def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)

def flood(blocks, size):
    for index in range(blocks):
        block = memoryview(index.to_bytes(8, "little") * (size // 8))
        while block:
            block = block[os.write(1, block):]
    return blocks

def echo(data):
    return data

def peak(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM:"))

def add(a, b):
    return a + b
`;

const node = `
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { once } from "node:events";
import process from "node:process";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export const family = () => [process.pid, process.ppid];
export async function breed(path) {
  const first = spawn("sleep", ["600"], { stdio: "ignore" });
  const second = spawn("sh", ["-c", "sleep 600 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(second.stdout, "data");
  writeFileSync(path + ".new", [process.pid, process.ppid, first.pid, second.pid, Number(line)].join(" "));
  renameSync(path + ".new", path);
  await pause(600_000);
}
export function die(number) {
  process.kill(process.pid, number);
  return pause(60_000);
}
export const abort = () => process.abort();
export const leave = (status) => process.reallyExit(status);
export function burn(seconds) {
  const { user, system } = process.cpuUsage();
  const used = Math.ceil((user + system) / 1e6) + seconds;
  execFileSync("prlimit", ["--pid", String(process.pid), "--cpu=" + used + ":" + (used + 5)]);
  for (;;);
}
export function devour() {
  const hoard = [];
  for (;;) hoard.push(Buffer.alloc(16777216, 1));
}
export async function bomb() {
  // Node itself cannot fork.
  const lines = ["import os, time", "while True:", " try: os.fork()", " except OSError: time.sleep(0.01)"];
  spawn("python3", ["-c", lines.join("\\n")], { stdio: "ignore" });
  await pause(600_000);
}
export function flood(blocks, size) {
  // One block for all: this function is not to be the one that needs memory.
  const block = Buffer.alloc(size);
  const number = Buffer.alloc(8);
  for (let index = 0; index < blocks; index++) {
    number.writeBigUInt64LE(BigInt(index));
    block.fill(number);
    for (let at = 0; at < size;) {
      try {
        at += writeSync(1, block, at);
      } catch (error) {
        if (error.code !== "EAGAIN") throw error;
      }
    }
  }
  return blocks;
}
export const echo = (data) => data;
export const peak = (pid) => Number(/^VmHWM:\\s+(\\d+)/m.exec(readFileSync("/proc/" + pid + "/status", "latin1"))[1]) * 1024;
export const add = (a, b) => a + b;
`;

export const enduranceModule: Readonly<Record<Runtime, string>> = { python: "endurance", node: "./endurance.mjs" };

/** Writes both modules below a home directory. @returns the working directory for calls */
export async function plantEnduranceModules(home: string): Promise<string> {
  await plant(home, "steps/endurance.py", python);
  await plant(home, "steps/endurance.mjs", node);
  return join(home, "steps");
}
