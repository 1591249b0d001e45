/* sremote doctor */
import type { FoundInterpreter, HostReport, RemoteClient, Runtime } from "@sremote/client";
import { hostText, SremoteError } from "@sremote/protocol";
import { type PlaceOptions, placesOf } from "./call.ts";
import type { Context } from "./context.ts";
import { factsOf, type Problem, problemsOf, type PythonInstallers } from "./diagnosis.ts";
import { errorText } from "./error-text.ts";
import { type ExitCode, exitCodeFor, exitCodes } from "./exit-code.ts";
import { errorJson } from "./error-json.ts";
import type { HostOptions } from "./host-options.ts";
import { withClient } from "./with-client.ts";

/** Characters of a report. */
const longestReport = 100_000;

export interface DoctorCommandOptions extends PlaceOptions {
  node?: true;
  json?: true;
}

interface Findings {
  status: string;
  report: HostReport;
  problems: Problem[];
}

/** Tells what the host has and what is wrong with it. The exit status is 0 unless something prevents calls. */
export async function doctor(context: Context, host: string, options: DoctorCommandOptions, hostOptions: HostOptions): Promise<ExitCode> {
  const runtime = options.node === true ? "node" : "python";
  let findings: Findings;
  try {
    findings = await withClient(host, hostOptions, placesOf(options), context.signal, (client) =>
      examine(client, runtime, options, context.signal),
    );
  } catch (error) {
    if (!(error instanceof SremoteError) || error.code === "invalid-argument") throw error;
    if (options.json === true) await context.stdout.write(`${JSON.stringify({ host, ok: false, error: errorJson(error) }, null, 2)}\n`);
    else
      await context.stdout.write(
        `${host}\n  ✗ ${errorText(error, { host, debug: false })
          .trimEnd()
          .replace(/^sremote: /, "")
          .replaceAll("\n", "\n  ")}\n`,
      );
    return exitCodeFor(error);
  }
  const ok = findings.problems.every(({ preventsCalls }) => !preventsCalls);
  if (options.json === true)
    await context.stdout.write(`${JSON.stringify({ host, ok, report: findings.report, problems: findings.problems }, null, 2)}\n`);
  else await context.stdout.write(hostText(findingsText(findings, runtime), { limit: longestReport }));
  return ok ? exitCodes.value : exitCodes.notSetup;
}

async function examine(client: RemoteClient, runtime: Runtime, options: DoctorCommandOptions, signal: AbortSignal): Promise<Findings> {
  const status = await client.status({ signal });
  if (!status.ok) throw status.error ?? new SremoteError("connect-failed", status.message, { host: client.connector.label });
  const found = await client.probe({ signal });
  const report = await withNamed(client, found, options, signal);
  const installers = await pythonInstallers(client, report, signal);
  return { status: status.message, report, problems: problemsOf(report, runtime, installers) };
}

/** An interpreter named by an option is the only one that calls would use. */
async function withNamed(
  client: RemoteClient,
  report: HostReport,
  { python, nodePath }: PlaceOptions,
  signal: AbortSignal,
): Promise<HostReport> {
  const named = { ...report, broken: [...report.broken] };
  const look = async (path: string, args: readonly string[], least: readonly [number, number]): Promise<FoundInterpreter[]> => {
    const { exitCode, stdout } = await client.connector.exec([path, ...args], { signal });
    const version = Buffer.from(stdout).toString("utf8").trim();
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (exitCode === 0 && major > 0) return [{ path, version, usable: major > least[0] || (major === least[0] && minor >= least[1]) }];
    named.broken.push(path);
    return [];
  };
  if (python !== undefined) named.python = await look(python, ["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"], [3, 6]);
  if (nodePath !== undefined) named.node = await look(nodePath, ["-p", "process.versions.node"], [18, 0]);
  return named;
}

/** Debian's Python has `venv` but lacks `ensurepip` until python3-venv is installed, so each is looked for by itself. */
async function pythonInstallers(client: RemoteClient, report: HostReport, signal: AbortSignal): Promise<PythonInstallers | undefined> {
  const python = report.python.find(({ usable }) => usable);
  if (python === undefined) return undefined;
  // Nothing of the directory where the login starts.
  const code =
    "import sys; sys.path[:] = [p for p in sys.path if p]; import importlib.util as u; print(*[n for n in ('venv', 'pip', 'ensurepip') if u.find_spec(n)])";
  const { exitCode, stdout } = await client.connector.exec([python.path, "-c", code], { signal });
  if (exitCode !== 0) return undefined;
  const names = Buffer.from(stdout).toString("utf8").trim().split(" ");
  return { venv: names.includes("venv"), pip: names.includes("pip"), ensurepip: names.includes("ensurepip") };
}

function findingsText({ status, report, problems }: Findings, runtime: Runtime): string {
  const lines = [`✓ ${status}`];
  for (const [title, text] of factsOf(report)) lines.push(`  ${title.padEnd(10)} ${text}`);
  for (const { what, cure, preventsCalls } of problems) lines.push(`  ${preventsCalls ? "✗" : "!"} ${what}`, `      cure: ${cure}`);
  const prevented = problems.some(({ preventsCalls }) => preventsCalls);
  lines.push(
    prevented ? `  ✗ calls of ${runtime} functions cannot work until that is cured` : `  ✓ calls of ${runtime} functions can work`,
  );
  return `${lines.join("\n")}\n`;
}
