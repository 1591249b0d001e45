/* The command line: what starting it costs beside bare Node, and a call by it beside a python3 over ssh. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";
import { interleaved, median, timed } from "./statistics.ts";

const run = promisify(execFile);
const rounds = 15;
const command = fileURLToPath(new URL("../packages/sremote/dist/command.js", import.meta.url));
/** Milliseconds that the command may take beside one and a half times a bare Node. */
const allowance = 60;

export async function measureCommand(setting: Setting): Promise<Figure[]> {
  const { lab, account } = setting;
  await setting.peers([]); // writes the configuration of ssh
  const config = join(lab.directory, `ssh_config_${account.name}_${lab.port}`);
  const node = (...args: readonly string[]): Promise<unknown> => run(process.execPath, args);
  const options = ["-i", lab.key.path, "--host-key", lab.hostKeys[0]!.fingerprint, "-F", "none", "--no-config"];
  const host = `${account.name}@${lab.address}:${lab.port}`;
  const times = await interleaved(
    {
      "bare node": () => timed(() => node("-e", "0")),
      version: () => timed(() => node(command, "--version")),
      "ssh python": () => timed(() => run("ssh", ["-F", config, "bench", hostPython, "-c", "'import math; print(math.hypot(3, 4))'"])),
      "call over ssh": () => timed(() => node(command, "call", ...options, host, "math.hypot", "3", "4")),
      "call local": () => timed(() => node(command, "call", "--no-config", "local", "math.hypot", "3", "4")),
    },
    { rounds },
  );
  const of = (name: string): number => median(times.get(name)!);
  const [bare, ssh] = [of("bare node"), of("ssh python")];
  return [
    { name: "`node -e 0`", value: bare, unit: "ms", role: "floor" },
    {
      name: "`sremote --version`",
      value: of("version"),
      unit: "ms",
      role: "headline",
      compared: against(`1.5 × node + ${allowance} ms`, 1.5 * bare + allowance, { atMost: 1 }),
    },
    { name: "`ssh HOST python3 -c …`", value: ssh, unit: "ms", role: "floor" },
    {
      name: "`sremote call local math.hypot 3 4`",
      value: of("call local"),
      unit: "ms",
      role: "headline",
      compared: against("ssh python3", ssh, { atMost: 1 }),
    },
    { name: "the same over ssh", value: of("call over ssh"), unit: "ms", compared: against("ssh python3", ssh) },
  ];
}
