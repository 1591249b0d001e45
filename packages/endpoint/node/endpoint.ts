/* The entry of the program: runs when it is what Node was started with, and only offers its functions when another program imports it. */
import { realpathSync } from "node:fs";
import { main } from "./main.ts";
import { program } from "./program.ts";

export { install } from "./install.ts";
export { main } from "./main.ts";

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === program) {
  void run();
}

async function run(): Promise<void> {
  const status = await main(process.argv.slice(2));
  if (status !== undefined) process.exit(status);
}
