// `npm run example -- NAME [HOST]`: starts the program of one of the examples. Ctrl-C reaches it as well, and ends it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const examples = fileURLToPath(new URL("../examples/", import.meta.url));
const [name = "", ...args] = process.argv.slice(2);
const program = `${examples}${name}/server.ts`;
const names = readdirSync(examples).filter((each) => existsSync(`${examples}${each}/server.ts`));
if (!names.includes(name)) {
  console.error(`example.ts: ${name === "" ? "no example is named" : `unknown example ${name}`}; there are ${names.join(", ")}`);
  process.exit(2);
}
const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
await once(child, "close");
process.exitCode = child.exitCode ?? 1;
