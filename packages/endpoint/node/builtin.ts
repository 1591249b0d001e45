/* Modules of Node's that take milliseconds to load, loaded when they are needed: a call waits for two starts of this program. */
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);

export function loadCrypto(): typeof import("node:crypto") {
  const found: typeof import("node:crypto") = load("node:crypto");
  return found;
}

export function loadChildProcess(): typeof import("node:child_process") {
  const found: typeof import("node:child_process") = load("node:child_process");
  return found;
}

export function loadNet(): typeof import("node:net") {
  const found: typeof import("node:net") = load("node:net");
  return found;
}

/** Part of a file name that no other process uses at the same time; not a secret. */
export function uniqueSuffix(): string {
  return `${process.pid}.${Math.random().toString(36).slice(2)}`;
}
