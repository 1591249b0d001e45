import type { Connector, OperationOptions } from "@sremote/connectors";
import { script } from "@sremote/endpoint";
import { hostLimits, RemoteNotSetupError } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import { missingError, payloadOf } from "./launch.ts";
import { lastLines, newMarker, parseFacts, textAfterMarker } from "./marker.ts";

export interface FoundInterpreter {
  path: string;
  version: string;
  /** Whether the endpoint runs on it: Python >= 3.6, Node >= 18. */
  usable: boolean;
}

/** What a host has, found in one round trip by a POSIX shell script. */
export interface HostReport {
  home: string;
  user: string;
  shell: string;
  path: string;
  /** `uname -s`, `-r` and `-m`. */
  system: string;
  release: string;
  machine: string;
  /** Base directory that would be or is used; undefined when none fits. */
  base: string | undefined;
  /** Directories that were refused, each with the reason. */
  rejected: string[];
  /** Free space at `base` in bytes. */
  diskFree: number | undefined;
  /** Whether this version's endpoint is installed. */
  installed: boolean;
  python: FoundInterpreter[];
  node: FoundInterpreter[];
  /** Interpreters that are there but do not start, each with the last line it said: `/usr/bin/python3 (…)`. */
  broken: string[];
  /** Other programs found, name → path: git, uv, pip3, npm, rsync, tar, sbatch, qsub, bsub, nvidia-smi. */
  tools: Record<string, string>;
}

export interface ProbeOptions extends OperationOptions {
  base?: string | undefined;
  runtime?: Runtime | "both" | undefined;
  /** Creates the base directory and those below it. */
  prepare?: boolean | undefined;
}

export async function probeHost(connector: Connector, options: ProbeOptions): Promise<HostReport> {
  const marker = newMarker();
  const runtime = options.runtime ?? "both";
  const sha = payloadOf(runtime === "node" ? "node" : "python").sha256;
  const { base = "", prepare = false, signal, timeout } = options;
  const command = ["sh", "-c", script("probe.sh"), "sremote", ...marker, base, runtime, prepare ? "yes" : "no", sha] as const;
  const result = await connector.exec(command, { signal, timeout, outputLimit: hostLimits.ownOutput });
  const text = textAfterMarker(result.stdout, marker);
  if (text === undefined || !text.includes("\nend=yes")) {
    throw new RemoteNotSetupError("endpoint-broken", "the host did not run the probe, a POSIX shell script, to its end", {
      stage: "probe",
      host: connector.label,
      lastLines: lastLines(result.stderr),
      hint: "the host needs a POSIX sh; `sremote doctor` shows what it answers",
    });
  }
  return toReport(parseFacts(text));
}

function toReport(facts: Map<string, string[]>): HostReport {
  const one = (key: string): string => facts.get(key)?.[0] ?? "";
  const disk = Number.parseInt(one("disk"), 10);
  return {
    home: one("home"),
    user: one("user"),
    shell: one("shell"),
    path: one("path"),
    system: one("system"),
    release: one("release"),
    machine: one("machine"),
    base: facts.get("base")?.[0],
    rejected: facts.get("rejected") ?? [],
    diskFree: Number.isNaN(disk) ? undefined : disk * 1024,
    installed: one("installed") === "yes",
    python: (facts.get("python") ?? []).map((line) => interpreter(line, [3, 6])),
    node: (facts.get("node") ?? []).map((line) => interpreter(line, [18, 0])),
    broken: facts.get("broken") ?? [],
    tools: Object.fromEntries((facts.get("tool") ?? []).map((line) => line.split(/ (.*)/s).slice(0, 2) as [string, string])),
  };
}

function interpreter(line: string, least: readonly [number, number]): FoundInterpreter {
  const at = line.indexOf(" ");
  const version = line.slice(0, at);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return { version, path: line.slice(at + 1), usable: major > least[0] || (major === least[0] && minor >= least[1]) };
}

/** The first usable interpreter of a report, or an error that names every candidate tried. */
export function chooseInterpreter(report: HostReport, runtime: Runtime, host: string): string {
  const found = report[runtime].find((each) => each.usable);
  if (found !== undefined) return found.path;
  const facts = new Map([
    ["tooold", report[runtime].map((each) => `${each.path} ${each.version}`)],
    ["broken", report.broken],
    [
      "tried",
      [`names such as ${runtime === "python" ? "python3, python3.6 … python3.14" : "node, nodejs, ~/.nvm"} on PATH ${report.path}`],
    ],
  ]);
  throw missingError("interpreter", facts, runtime, { stage: "probe", host });
}
