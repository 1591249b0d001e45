/* Arguments that modes have in common, and what launch.sh kept of the environment. */
import { resolve } from "node:path";
import { home } from "./run/environment.ts";

export interface Arguments {
  base: string;
  marker: [string, string] | undefined;
  operands: string[];
}

/** The user's options of Node were kept from this process (launch.sh); those it starts have them as the user meant it. */
export function giveBackNodeOptions(): void {
  const kept = process.env["SREMOTE_NODE_OPTIONS"];
  if (kept === undefined) return;
  process.env["NODE_OPTIONS"] = kept;
  delete process.env["SREMOTE_NODE_OPTIONS"];
}

export function parseArguments(argv: readonly string[]): Arguments {
  const found: Arguments = { base: "", marker: undefined, operands: [] };
  for (let at = 0; at < argv.length; at++) {
    if (argv[at] === "--") {
      found.operands.push(...argv.slice(at + 1));
      break;
    }
    if (argv[at] === "--base") found.base = argv[++at] ?? "";
    else if (argv[at] === "--marker") {
      found.marker = [argv[at + 1] ?? "", argv[at + 2] ?? ""];
      at += 2;
    } else found.operands.push(argv[at]!);
  }
  found.base = resolve(home(), found.base === "" ? ".sremote" : found.base.replace(/^~(?=\/|$)/, "."));
  return found;
}
