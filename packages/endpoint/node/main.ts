/* The command line: MODE and what belongs to it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Code, SremoteError } from "@sremote/protocol";
import { call, type CallOptions } from "./call.ts";
import { Undelivered } from "./deliver.ts";
import { errorCode } from "./directory.ts";
import { home } from "./environment.ts";
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

interface Arguments {
  base: string;
  marker: [string, string] | undefined;
  operands: string[];
}

/** Runs a mode; resolves with the exit status, 0 when a reply was delivered; undefined when the mode ends its process itself. */
export async function main(argv: readonly string[], onStep?: CallOptions["onStep"]): Promise<number | undefined> {
  const [mode, ...rest] = argv;
  giveBackNodeOptions();
  try {
    if (mode === "worker") {
      await work(rest[0] ?? "");
      return undefined;
    }
    const { base, marker, operands } = parse(rest);
    const [first, second] = operands;
    if (mode === "call" && operands.length === 2) {
      await call({ base, request: first!, destination: { path: second!, marker }, onStep });
    } else if (mode === "probe" && operands.length === 0) probe(base, marker);
    else if (mode === "install" && operands.length === 1) process.stdout.write(`${install({ base, payload: readFileSync(first!) })}\n`);
    else return complain(usage, status.usage);
    return 0;
  } catch (error) {
    return complain(...describe(error));
  }
}

/** The user's options of Node were kept from this process (launch.sh); those it starts have them as the user meant it. */
function giveBackNodeOptions(): void {
  const kept = process.env["SREMOTE_NODE_OPTIONS"];
  if (kept === undefined) return;
  process.env["NODE_OPTIONS"] = kept;
  delete process.env["SREMOTE_NODE_OPTIONS"];
}

function parse(argv: readonly string[]): Arguments {
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
