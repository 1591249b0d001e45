/* Whether a module that the host lacks is one of the user's own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "../call/options.ts";

/** @param what `analysis.fit.run` @returns what to do where the working directory of this program has such a module */
export function ownModuleHint(what: string, runtime: Runtime): string | undefined {
  const [name = ""] = what.split(".");
  if (!/^\w+$/.test(name)) return undefined;
  const files = runtime === "python" ? [`${name}.py`, `${name}/__init__.py`] : [`${name}/package.json`];
  const found = files.find((file) => existsSync(join(process.cwd(), file)));
  if (found === undefined) return undefined;
  return `it lies beside your program: client.ship("./${found.endsWith(".py") && !found.includes("/") ? found : name}") makes calls import it`;
}
