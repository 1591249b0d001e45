/* The entry of the program: runs when it is what Node was started with, and only offers its functions when another program imports it. */
import { existsSync, realpathSync } from "node:fs";
import { crash } from "./crash.ts";
import { main } from "./main.ts";
import { program } from "./program.ts";

export { install } from "./install.ts";
export { main } from "./main.ts";

if (isProgram(process.argv[1])) run().catch(crash);

/** Node gives a module its real path. Links are followed only where there is one: it takes a tenth of the time of this program's start. */
function isProgram(path: string | undefined): boolean {
  return path !== undefined && (path === program || (existsSync(path) && realpathSync.native(path) === program));
}

async function run(): Promise<void> {
  const status = await main(process.argv.slice(2));
  if (status !== undefined) process.exit(status);
}
