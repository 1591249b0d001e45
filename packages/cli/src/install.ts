/* sremote bootstrap, sremote install */
import type { Runtime } from "@sremote/client";
import { hostText, InvalidArgumentError } from "@sremote/protocol";
import { type PlaceOptions, placesOf } from "./call.ts";
import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import type { HostOptions } from "./host-options.ts";
import { withClient } from "./with-client.ts";

export interface BootstrapCommandOptions extends PlaceOptions {
  node?: true;
}

export interface InstallCommandOptions extends BootstrapCommandOptions {
  git?: string;
  branch?: string;
  name?: string;
  timeout?: string;
}

export async function bootstrap(
  context: Context,
  host: string,
  options: BootstrapCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const { signal } = context;
  const runtime = runtimeOf(options);
  const { base, interpreter } = await withClient(host, hostOptions, placesOf(options), signal, (client) =>
    client.bootstrapInstall({ runtime, signal }),
  );
  await context.stdout.write(hostText(`${host}: endpoint in ${base}, calls run on ${interpreter}\n`));
  return exitCodes.value;
}

export async function install(
  context: Context,
  host: string,
  packages: readonly string[],
  options: InstallCommandOptions,
  hostOptions: HostOptions,
): Promise<ExitCode> {
  const { git, branch, name } = options;
  if (git === undefined && packages.length === 0)
    throw new InvalidArgumentError("PACKAGES is missing: name at least one package, or give --git URL");
  if (git === undefined && (branch ?? name) !== undefined)
    throw new InvalidArgumentError(`${branch === undefined ? "--name" : "--branch"} needs --git URL`);
  const { signal } = context;
  const timeout = options.timeout === undefined ? {} : { timeout: parseDuration(options.timeout) };
  const installOptions = { runtime: runtimeOf(options), signal, ...timeout };
  const done = [...(git === undefined ? [] : [name ?? withoutCredentials(git)]), ...packages.map(withoutCredentials)];
  await withClient(host, hostOptions, placesOf(options), signal, async (client) => {
    if (git !== undefined) await client.installGitModule(git, branch, name, installOptions);
    if (packages.length > 0) await client.installPackages(packages, installOptions);
  });
  await context.stdout.write(`${host}: installed ${done.join(", ")}\n`);
  return exitCodes.value;
}

function runtimeOf(options: { node?: true }): Runtime {
  return options.node === true ? "node" : "python";
}

function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//");
}
