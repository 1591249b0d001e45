/* Modules of Node's that take milliseconds to load, loaded when they are needed: a call waits for two starts of this program. */
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);

export function loadCrypto(): typeof import("node:crypto") {
  return load("node:crypto") as typeof import("node:crypto");
}

export function loadChildProcess(): typeof import("node:child_process") {
  return load("node:child_process") as typeof import("node:child_process");
}

export function loadNet(): typeof import("node:net") {
  return load("node:net") as typeof import("node:net");
}

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return loadCrypto().createHash("sha256").update(bytes).digest("hex");
}

/** Part of a file name that no other process uses at the same time; not a secret. */
export function uniqueSuffix(): string {
  return `${process.pid}.${Math.random().toString(36).slice(2)}`;
}
