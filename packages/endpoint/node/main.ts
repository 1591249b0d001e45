/* The command line: MODE and what belongs to it. */
import { readFileSync } from "node:fs";
import { type Code, SremoteError } from "@sremote/protocol";
import { giveBackNodeOptions, parseArguments } from "./arguments.ts";
import { call, type CallOptions } from "./call.ts";
import { Undelivered } from "./deliver.ts";
import { errorCode } from "./directory.ts";
import { install } from "./install.ts";
import { probe } from "./probe.ts";
import { isNoSpace } from "./store.ts";
import { work } from "./worker.ts";

const usage = `usage: endpoint.mjs call [--base DIR] [--marker A B] REQUEST REPLY
       endpoint.mjs probe [--base DIR] [--marker A B]
       endpoint.mjs install [--base DIR] PAYLOAD`;

/** Exit statuses, the same as the Python endpoint's. What a function does with its own process never becomes one of them. */
const status = { failed: 90, usage: 91, file: 92, undelivered: 93, conflict: 94, unsafeDirectory: 97, noSpace: 98 } as const;
const refusals: Readonly<Partial<Record<Code, number>>> = { "unsafe-directory": status.unsafeDirectory, "call-conflict": status.conflict };

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
    else return complain(usage, status.usage);
    return 0;
  } catch (error) {
    return complain(...describe(error));
  }
}

function describe(error: unknown): [message: string, exitStatus: number] {
  if (error instanceof Undelivered)
    return [`the reply cannot be delivered: ${error.message}`, isNoSpace(error.cause) ? status.noSpace : status.undelivered];
  if (error instanceof SremoteError) return [error.summary, refusals[error.code] ?? status.failed];
  if (!(error instanceof Error)) return [String(error), status.failed];
  if (isNoSpace(error)) return [error.message, status.noSpace];
  return errorCode(error) === undefined ? [error.stack ?? error.message, status.failed] : [error.message, status.file];
}

/** One line on standard error says what went wrong. */
function complain(message: string, exitStatus: number): number {
  process.stderr.write(`sremote-endpoint: ${message.replace(/\n\s*/g, " ")}\n`);
  return exitStatus;
}
