/* The entry of the bundle: runs when it is the program, and only offers its functions when another program imports it. */
import "./version.ts";
import { realpathSync } from "node:fs";
import { main } from "./main.ts";
import { program } from "./program.ts";

export { install } from "./install.ts";
export { main } from "./main.ts";

// No `await` here: the syntax would keep a Node that is too old from saying so.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === program) {
  void main(process.argv.slice(2)).then((status) => {
    if (status !== undefined) process.exit(status);
  });
}
