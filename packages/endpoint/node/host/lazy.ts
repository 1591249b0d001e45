/* Modules of Node's that take milliseconds to load, loaded when they are needed: a call waits for two starts of this program. */
import { createRequire } from "node:module";
import { asOurs } from "./standard.ts";

const require = createRequire(import.meta.url);
/** Node 20.16, 22.3 and later: what the user makes of `require` and its hooks does not concern it. */
const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown };

/** One of Node's modules, whatever the user's code has changed of how modules are loaded. */
export function load(name: string): unknown {
  return asOurs(() => (getBuiltinModule === undefined ? require(name) : getBuiltinModule(name)) as unknown);
}

/* oxlint-disable typescript/no-unsafe-type-assertion -- each names what it is */
export function loadCrypto(): typeof import("node:crypto") {
  return load("node:crypto") as typeof import("node:crypto");
}

export function loadChildProcess(): typeof import("node:child_process") {
  return load("node:child_process") as typeof import("node:child_process");
}

export function loadNet(): typeof import("node:net") {
  return load("node:net") as typeof import("node:net");
}
/* oxlint-enable typescript/no-unsafe-type-assertion */

/** Part of a file name that no other process uses at the same time; not a secret. */
export function uniqueSuffix(): string {
  return `${process.pid}.${Math.random().toString(36).slice(2)}`;
}
