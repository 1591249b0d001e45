/* The same functions for both runtimes, as modules in a directory of the host. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const python = `
import asyncio, os, subprocess, sys, threading, time

state = []

def pid():
    return os.getpid()

def remember(value):
    state.append(value)
    return list(state)

def echo(*args):
    return list(args)

def add(a, b):
    return a + b

def say(*lines):
    for line in lines:
        print(line)
    return len(lines)

def loud(count, size):
    block = b"x" * (size - 1) + b"\\n"
    for _ in range(count):
        os.write(1, block)
    return count

def nap(seconds):
    time.sleep(seconds)
    return seconds

def tick(count, seconds):
    for each in range(count):
        print("tick", each, flush=True)
        time.sleep(seconds)

def spin():
    while True:
        pass

def die(how):
    if how == "exit":
        os._exit(3)
    if how == "sysexit":
        sys.exit(4)
    os.kill(os.getpid(), int(how))
    time.sleep(60)

def count(upto, log=None):
    try:
        for each in range(upto):
            print("making", each)
            yield each
        return "all"
    finally:
        if log:
            with open(log, "a") as f:
                f.write("closed\\n")

async def acount(upto, log=None):
    try:
        for each in range(upto):
            await asyncio.sleep(0)
            yield each
    finally:
        if log:
            with open(log, "a") as f:
                f.write("closed\\n")

def breaks(after):
    for each in range(after):
        yield each
    raise ValueError("broken after %d" % after)

def ask(callback, *args):
    return ["answer", callback(*args)]

def progress(callback, steps):
    return sum(callback(each, steps) for each in range(steps))

def ask_in_thread(callback):
    found = []
    thread = threading.Thread(target=lambda: found.append(callback("thread")))
    thread.start()
    thread.join()
    return found

def fail(message):
    raise ValueError(message)

class Counter:
    def __init__(self, start=0):
        self.value = start
        self.items = {"a": 1}
    def up(self, by=1):
        print("up by", by)
        self.value += by
        return self.value
    def __call__(self, x):
        return self.value * x
    def __getitem__(self, key):
        return self.items[key]
    def __setitem__(self, key, value):
        self.items[key] = value
    def __delitem__(self, key):
        del self.items[key]
    def __iter__(self):
        return iter(range(self.value))

def counter(start=0):
    return Counter(start)

def value_of(counter):
    return counter.value

def effect(path, seconds=0):
    with open(path, "a") as f:
        f.write("x")
    time.sleep(seconds)
    return "done"

def child(seconds):
    return subprocess.Popen(["sleep", str(seconds)]).pid
`;

const node = `
import { spawn } from "node:child_process";
import { appendFileSync, writeSync } from "node:fs";
import process from "node:process";

const state = [];
export const pid = () => process.pid;
export const remember = (value) => (state.push(value), [...state]);
export const echo = (...args) => args;
export const add = (a, b) => a + b;
export const say = (...lines) => (lines.forEach((line) => console.log(line)), lines.length);
export function loud(count, size) {
  const block = Buffer.from("x".repeat(size - 1) + "\\n");
  for (let each = 0; each < count; each++) {
    for (let at = 0; at < block.length;) {
      try {
        at += writeSync(1, block, at);
      } catch (error) {
        if (error.code !== "EAGAIN") throw error;
      }
    }
  }
  return count;
}
export const nap = (seconds) => new Promise((resolve) => setTimeout(() => resolve(seconds), seconds * 1000));
export async function tick(count, seconds) {
  for (let each = 0; each < count; each++) {
    console.log("tick", each);
    await nap(seconds);
  }
}
export function spin() {
  for (;;);
}
export function die(how) {
  if (how === "exit") process.reallyExit(3);
  if (how === "sysexit") process.exit(4);
  process.kill(process.pid, Number(how));
  return nap(60);
}
export function* count(upto, log) {
  try {
    for (let each = 0; each < upto; each++) {
      console.log("making", each);
      yield each;
    }
    return "all";
  } finally {
    if (log) appendFileSync(log, "closed\\n");
  }
}
export async function* acount(upto, log) {
  try {
    for (let each = 0; each < upto; each++) {
      await null;
      yield each;
    }
  } finally {
    if (log) appendFileSync(log, "closed\\n");
  }
}
export function* breaks(after) {
  for (let each = 0; each < after; each++) yield each;
  throw new RangeError("broken after " + after);
}
export const ask = async (callback, ...args) => ["answer", await callback(...args)];
export async function progress(callback, steps) {
  let sum = 0;
  for (let each = 0; each < steps; each++) sum += await callback(each, steps);
  return sum;
}
export const ask_in_thread = async (callback) => [await callback("thread")];
export function fail(message) {
  throw new RangeError(message);
}
class Counter {
  constructor(start = 0) {
    this.value = start;
    this.a = 1;
  }
  up(by = 1) {
    console.log("up by", by);
    this.value += by;
    return this.value;
  }
  *[Symbol.iterator]() {
    for (let each = 0; each < this.value; each++) yield each;
  }
}
export const counter = (start = 0) => new Counter(start);
export const value_of = (counter) => counter.value;
export async function effect(path, seconds = 0) {
  appendFileSync(path, "x");
  await nap(seconds);
  return "done";
}
export const child = (seconds) => spawn("sleep", [String(seconds)], { stdio: "ignore" }).pid;
`;

/** Writes both into the home directory of a host. @returns how a call names the module, for each runtime */
export async function writeModules(home: string): Promise<{ python: string; node: string }> {
  await mkdir(join(home, "lab"), { recursive: true, mode: 0o755 });
  await writeFile(join(home, "lab", "lab.py"), python);
  await writeFile(join(home, "lab", "lab.mjs"), node);
  return { python: "lab", node: "./lab.mjs" };
}
