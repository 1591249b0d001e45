/* Configuration files. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InvalidArgumentError, given } from "@sremote/protocol";
import { loadGroups } from "../node-set/index.ts";
import { checkConfiguration } from "./check-option.ts";
import { findConfiguration } from "./find.ts";
import { insecureCluster } from "./options.ts";
import type { FleetConfiguration } from "./options.ts";

const codeExtensions = [".ts", ".mts", ".js", ".mjs"];
const presets: Readonly<Record<string, FleetConfiguration>> = { insecureCluster };

/**
 * Reads a configuration from `.json`, or from the default export of `.ts`, `.mts`, `.js`, `.mjs`, which **runs** the file. Node reads types
 * away by itself. A file may say `"preset": "insecureCluster"`; its own options win over that.
 *
 * Paths in it (`privateKeyPath`, `groups`, `sshConfig`) are relative to the file, `~/` is the home directory. A file of groups is read.
 *
 * @param path the file. @default `sremote.config.ts`, `.mts`, `.js`, `.mjs` or `.json`, in the working directory or the nearest one above
 * @throws InvalidArgumentError naming the file, and the option that is unknown or wrong; where none is found; and where another user could have written the one that was
 * @example
 * ```ts
 * import { fleet, loadConfiguration } from "sremote/fleet";
 *
 * await using nodes = fleet("@all", { configuration: await loadConfiguration("fleet.json") });
 * ```
 */
export async function loadConfiguration(path: string = findConfiguration()): Promise<FleetConfiguration> {
  if (typeof path !== "string" || path === "") throw new InvalidArgumentError("path", "the path of a configuration file");
  const file = resolve(path);
  const extension = extname(file);
  if (extension !== ".json" && !codeExtensions.includes(extension)) {
    throw new InvalidArgumentError("path", `a file that ends with .json, ${codeExtensions.join(", ")}, not ${path}`);
  }
  const configuration = withPreset(extension === ".json" ? await readJson(file, path) : await runModule(file, path), path);
  checkConfiguration(configuration, path);
  return withPaths(configuration, dirname(file));
}

async function readJson(file: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new InvalidArgumentError("path", `a ${error instanceof SyntaxError ? "file of JSON" : "readable file"}, and ${path} is none`, {
      cause: error,
    });
  }
}

async function runModule(file: string, path: string): Promise<unknown> {
  let module: Record<string, unknown>;
  try {
    module = (await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ pathToFileURL(file).href)) as Record<
      string,
      unknown
    >;
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    throw new InvalidArgumentError("path", `a module that can be loaded, and ${path} is none`, { cause: error });
  }
  if (!Object.hasOwn(module, "default")) throw new InvalidArgumentError("path", `a module with a default export, and ${path} is none`);
  return module["default"];
}

function withPreset(value: unknown, path: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "preset")) return value;
  const { preset, ...options } = value as { preset: unknown };
  if (typeof preset !== "string" || !Object.hasOwn(presets, preset)) {
    throw new InvalidArgumentError(`${path}.preset`, `one of ${Object.keys(presets).join(", ")}${given(preset)}`);
  }
  return { ...presets[preset], ...options };
}

async function withPaths(configuration: FleetConfiguration, folder: string): Promise<FleetConfiguration> {
  const absolute = (path: string): string => resolve(folder, path.startsWith("~/") ? resolve(homedir(), path.slice(2)) : path);
  const { privateKeyPath, groups, sshConfig, hosts } = configuration;
  const located: FleetConfiguration = { ...configuration };
  if (typeof privateKeyPath === "string") located.privateKeyPath = absolute(privateKeyPath);
  if (typeof sshConfig === "string") located.sshConfig = absolute(sshConfig);
  if (typeof groups === "string") located.groups = Object.fromEntries(await loadGroups(absolute(groups)));
  if (hosts !== undefined) {
    located.hosts = Object.fromEntries(
      Object.entries(hosts).map(([name, host]) => [
        name,
        typeof host.privateKeyPath === "string" ? { ...host, privateKeyPath: absolute(host.privateKeyPath) } : host,
      ]),
    );
  }
  return located;
}
