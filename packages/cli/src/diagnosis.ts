/* From what the probe found to what is wrong and how to cure it. No I/O. */
import type { FoundInterpreter, HostReport, Runtime } from "@sremote/client";

export interface Problem {
  what: string;
  /** What to do, a sentence. */
  cure: string;
  /** True when no call of the runtime asked about can work. */
  preventsCalls: boolean;
}

/** Which modules the host's Python has for installing packages. */
export interface PythonInstallers {
  venv: boolean;
  pip: boolean;
  ensurepip: boolean;
}

const MiB = 1024 * 1024;
/** A virtual environment with pip takes about 20 MiB; numpy about 100 MiB more. */
const littleSpace = 200 * MiB;
/** The endpoint with the spool of one small call. */
const leastSpace = MiB;

/** @param runtime whose absence prevents calls; the other's is only worth a line */
export function problemsOf(report: HostReport, runtime: Runtime, installers: PythonInstallers | undefined): Problem[] {
  return [
    ...interpreterProblems(report, "python", runtime),
    ...interpreterProblems(report, "node", runtime),
    ...brokenProblems(report),
    ...directoryProblems(report),
    ...spaceProblems(report),
    ...toolProblems(report, installers),
  ];
}

const wanted = { python: "Python 3.6 or later", node: "Node 18 or later" } as const;
const cures = {
  python: "install one (Debian, Ubuntu: apt-get install python3), or name its path with --python",
  node: "install one (https://nodejs.org, or nvm in the home directory), or name its path with --node-path",
} as const;

function interpreterProblems(report: HostReport, kind: Runtime, asked: Runtime): Problem[] {
  const found = report[kind];
  if (found.some(({ usable }) => usable)) return [];
  const old = found.map(({ path, version }) => `${path} is ${version}, too old`).join("; ");
  const what = old === "" ? `no ${wanted[kind]} was found on PATH ${report.path} or in the usual places` : `no ${wanted[kind]}: ${old}`;
  return [{ what, cure: cures[kind], preventsCalls: kind === asked }];
}

function brokenProblems({ broken }: HostReport): Problem[] {
  if (broken.length === 0) return [];
  return [
    {
      what: `found, but does not start (a version manager's stand-in?): ${broken.join(", ")}`,
      cure: "none needed while another one starts; else repair it, or name one with --python or --node-path",
      preventsCalls: false,
    },
  ];
}

function directoryProblems({ base, rejected }: HostReport): Problem[] {
  if (base !== undefined && rejected.length === 0) return [];
  const reasons = rejected.join("; ");
  if (base !== undefined) {
    return [
      {
        what: `${base} is used because others were refused: ${reasons}`,
        cure: "make the first one writable, or name one with --sremote-dir",
        preventsCalls: false,
      },
    ];
  }
  return [
    {
      what: `no directory can hold the endpoint: ${reasons}`,
      cure: "name one that you own and may write to with --sremote-dir",
      preventsCalls: true,
    },
  ];
}

function spaceProblems({ diskFree, base }: HostReport): Problem[] {
  if (diskFree === undefined || diskFree >= littleSpace) return [];
  return [
    {
      what: `${bytesText(diskFree)} of disk are free at ${base}`,
      cure: "make room, or name a directory on another disk with --sremote-dir",
      preventsCalls: diskFree < leastSpace,
    },
  ];
}

function toolProblems({ tools, node, python }: HostReport, installers: PythonInstallers | undefined): Problem[] {
  const problems: Problem[] = [];
  const add = (what: string, cure: string): void => void problems.push({ what, cure, preventsCalls: false });
  const apt = "(Debian, Ubuntu: apt-get install python3-venv)";
  if (python.some(({ usable }) => usable) && installers !== undefined) {
    if (!installers.venv) add("Python has no module venv, so `sremote install` cannot make its environment", `install it ${apt}`);
    else if (!installers.pip && !installers.ensurepip && !("uv" in tools))
      add("there is neither pip, ensurepip nor uv, so `sremote install` cannot install Python packages", `install one ${apt}`);
  }
  if (!("git" in tools))
    add("git is missing", "none needed: `sremote install --git` clones on this machine and pushes; with git on the host it is faster");
  if (node.some(({ usable }) => usable) && !("npm" in tools))
    add("npm is missing, so `sremote install --node` cannot install Node packages", "install npm, which most packages of Node bring along");
  return problems;
}

/** `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  let amount = bytes;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${Number(amount.toFixed(1))} ${units[unit]}`;
}

/** What there is, as pairs of a title and a text, in the order of reading. */
export function factsOf(report: HostReport): [title: string, text: string][] {
  const { system, release, machine, user, home, shell, base, installed, diskFree, tools } = report;
  const tool = Object.entries(tools).map(([name, path]) => `${name} (${path})`);
  return [
    ["system", `${system} ${release} ${machine}`],
    ["user", `${user}, home ${home}, shell ${shell === "" ? "unknown" : shell}`],
    [
      "directory",
      base === undefined
        ? "none"
        : `${base}, ${installed ? "endpoint of this version installed" : "endpoint not installed yet (the first call does it)"}`,
    ],
    ["disk", diskFree === undefined ? "unknown" : `${bytesText(diskFree)} free`],
    ["python", interpreterText(report.python)],
    ["node", interpreterText(report.node)],
    ["tools", tool.length === 0 ? "none of those looked for" : tool.join(", ")],
  ];
}

function interpreterText(found: readonly FoundInterpreter[]): string {
  if (found.length === 0) return "none";
  return found.map(({ path, version, usable }) => `${version} ${path}${usable ? "" : " (too old)"}`).join(", ");
}
