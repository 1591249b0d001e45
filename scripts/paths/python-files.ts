/* Which files of the Python endpoint a call runs through: a connector in between has the first stage note each call of a function. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Connector } from "@sremote/connectors";
import { sessionSources } from "../pack-python.ts";
import { type ExecutedFile, withLines } from "./executed-files.ts";

/** `sys.setprofile` is inherited by the workers, which are forked. Times are those of CLOCK_MONOTONIC, as `process.hrtime` has them. */
const note = (log: string): string => `import sys, os, time
def _profile(frame, event, _, log=${JSON.stringify(log)}, os=os, now=time.monotonic):
    if event == "call" and "sremote_endpoint" in frame.f_code.co_filename:
        fd = os.open(log, os.O_WRONLY | os.O_APPEND)
        os.write(fd, b"%.6f %s\\n" % (now(), frame.f_code.co_filename.encode()))
        os.close(fd)
sys.setprofile(_profile)
`;

/** A connector whose Python sessions write to the file, which must be there and writable for the host's user. */
export function profiled(connector: Connector, log: string): Connector {
  const spawn: Connector["spawn"] = (command, options) => {
    if (!Array.isArray(command)) return connector.spawn!(command, options);
    const [program, ...rest] = command as readonly [string, ...string[]];
    const words = rest.map((word) => (word.startsWith("# First stage of a Python session") ? note(log) + word : word));
    return connector.spawn!([program, ...words], options);
  };
  return new Proxy(connector, {
    get(target, name) {
      if (name === "spawn") return spawn;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

/** Files in which a function was called while the work ran. */
export async function executedPython(log: string, work: () => Promise<unknown>): Promise<ExecutedFile[]> {
  await writeFile(log, "");
  await work();
  const text = await readFile(log, "utf8");
  const names = new Set(Array.from(text.matchAll(/\/sremote_endpoint\/(\w+)\.py$/gm), ([, name]) => name!));
  const sources = sessionSources(fileURLToPath(new URL("../../packages/endpoint/python", import.meta.url)));
  return withLines(Array.from(names, (name) => `packages/endpoint/python/sremote_endpoint/${sources.get(name) ?? `${name}.py`}`));
}
