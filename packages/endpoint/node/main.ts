/* The command line: MODE and what belongs to it. */
import { readFileSync } from "node:fs";
import { giveBackNodeOptions, parseArguments } from "./arguments.ts";
import { call, type CallOptions } from "./spool/call.ts";
import { describeEnd, exitStatus } from "./exit-status.ts";
import { install } from "./install.ts";
import { probe } from "./probe.ts";
import { work } from "./spool/worker.ts";

const usage = `usage: endpoint.mjs call [--base DIR] [--marker A B] REQUEST REPLY
       endpoint.mjs probe [--base DIR] [--marker A B]
       endpoint.mjs install [--base DIR] PAYLOAD`;

/** Runs a mode; resolves with the exit status, 0 when a reply was delivered; undefined when the mode ends its process itself. */
export async function main(argv: readonly string[], onStep?: CallOptions["onStep"]): Promise<number | undefined> {
  const [mode, ...rest] = argv;
  giveBackNodeOptions();
  try {
    if (mode === "worker") {
      const [base, umask] = rest;
      process.umask(Number(umask));
      await work(base ?? "");
      return undefined;
    }
    const umask = process.umask(0o077);
    const { base, marker, operands } = parseArguments(rest);
    const [first, second] = operands;
    if (mode === "call" && operands.length === 2) {
      await call({ base, request: first!, destination: { path: second!, marker }, umask, onStep });
    } else if (mode === "probe" && operands.length === 0) probe(base, marker);
    else if (mode === "install" && operands.length === 1) process.stdout.write(`${install({ base, payload: readFileSync(first!) })}\n`);
    else return complain(usage, exitStatus.usage);
    return 0;
  } catch (error) {
    return complain(...describeEnd(error));
  }
}

/** One line on standard error says what went wrong. */
function complain(message: string, status: number): number {
  process.stderr.write(`sremote-endpoint: ${message.replace(/\n\s*/g, " ")}\n`);
  return status;
}
