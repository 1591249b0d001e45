/* Functions whose runs can be counted and held up, for both runtimes. Each gets a directory of its own for its traces. */
import { join } from "node:path";
import { plant, type Runtime } from "../support/effects.ts";

const python = `
import os, time

def trace(place):
    fd = os.open(os.path.join(place, "effects"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(fd, b"ran\\n")
    os.close(fd)

def wait_for(place, name):
    while not os.path.exists(os.path.join(place, name)):
        time.sleep(0.005)

def say_running(place):
    with open(os.path.join(place, "running"), "w") as f:
        f.write(str(os.getpid()))

def plain(place, value):
    trace(place)
    return value

def size(place, data):
    trace(place)
    return len(data)

def make(place, count):
    trace(place)
    return bytes(range(256)) * (count // 256)

def held(place, value=None):
    trace(place)
    say_running(place)
    wait_for(place, "go")
    return value

def prints(place):
    trace(place)
    count = 0
    while not os.path.exists(os.path.join(place, "go")):
        print("line", count, flush=True)
        count += 1
        if count == 3:
            say_running(place)
        time.sleep(0.003)
    with open(os.path.join(place, "over"), "w"):
        pass
    return count

def items(place, count):
    trace(place)
    for each in range(count):
        yield each

def asks(place, callback):
    trace(place)
    return callback(20) + 1

class Thing:
    def __init__(self):
        self.uses = 0
    def use(self, place):
        trace(place)
        say_running(place)
        wait_for(place, "go")
        self.uses += 1
        return self.uses

def thing():
    return Thing()
`;

const node = `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const trace = (place) => appendFileSync(join(place, "effects"), "ran\\n");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const sayRunning = (place) => writeFileSync(join(place, "running"), String(process.pid));
async function waitFor(place, name) {
  while (!existsSync(join(place, name))) await pause(5);
}

export function plain(place, value) {
  trace(place);
  return value;
}
export function size(place, data) {
  trace(place);
  return data.length;
}
export function make(place, count) {
  trace(place);
  return Uint8Array.from({ length: count }, (_, index) => index % 256);
}
export async function held(place, value = null) {
  trace(place);
  sayRunning(place);
  await waitFor(place, "go");
  return value;
}
export async function prints(place) {
  trace(place);
  let count = 0;
  while (!existsSync(join(place, "go"))) {
    console.log("line", count);
    count += 1;
    if (count === 3) sayRunning(place);
    await pause(3);
  }
  writeFileSync(join(place, "over"), "");
  return count;
}
export function* items(place, count) {
  trace(place);
  for (let each = 0; each < count; each++) yield each;
}
export async function asks(place, callback) {
  trace(place);
  return (await callback(20)) + 1;
}
class Thing {
  uses = 0;
  async use(place) {
    trace(place);
    sayRunning(place);
    await waitFor(place, "go");
    return ++this.uses;
  }
}
export const thing = () => new Thing();
`;

export const faultModule: Readonly<Record<Runtime, string>> = { python: "steps", node: "./steps.mjs" };

/** Writes both modules below a home directory. @returns the working directory for calls */
export async function plantFaultModules(home: string): Promise<string> {
  await plant(home, "steps/steps.py", python);
  await plant(home, "steps/steps.mjs", node);
  return join(home, "steps");
}
