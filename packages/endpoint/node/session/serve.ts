/* The entry of the program that serves a session: its supervisor, or one of its workers. */
import { builtinModules } from "node:module";
import { giveBackNodeOptions, parseArguments } from "../arguments.ts";
import { program } from "../program.ts";
import { hostFacts } from "../wire/reply.ts";
import { Link } from "./link.ts";
import { Session } from "./session.ts";
import { openStandardStreams } from "./first-link.ts";
import { workSession } from "./worker.ts";

/** Exit statuses, as those of the other modes. */
const status = { failed: 90, usage: 91 } as const;

/** @param source this program's own text @param argv `session [--base DIR] [--marker A B] [SHA256]`, the digest of the payload */
export function startSession(source: string, argv: readonly string[]): void {
  giveBackNodeOptions();
  const [mode, ...rest] = argv;
  const { base, marker, operands } = parseArguments(rest);
  const [digest, ...others] = operands;
  if (mode !== "session" || others.length > 0) {
    return end(status.usage, "usage: session [--base DIR] [--marker A B] [SHA256]");
  }
  const session = new Session({
    base,
    host: { ...hostFacts(base), endpoint: digest ?? null },
    source,
    umask: process.umask(0o077),
    onEnd: () => process.exit(0),
  });
  process.on("exit", () => session.kill());
  process.on("uncaughtException", (error) => end(status.failed, error.stack ?? error.message));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => session.end());
  // The link is lost, and the lease begins; that is no reason to end.
  process.on("SIGHUP", () => undefined);
  const { input, output } = openStandardStreams();
  if (marker !== undefined) output.write(marker[1] + marker[0]);
  session.begin((events) => new Link(input, output, events));
}

/** One line on standard error says what went wrong. */
function end(exitStatus: number, message: string): void {
  process.stderr.write(`sremote-session: ${message.replace(/\n\s*/g, " ")}\n`);
  process.exit(exitStatus);
}

/** Called by boot.ts in a worker, whose arguments are its number, the base directory and the umask. */
export function startWorker(): void {
  const [, number, base, umask] = process.argv;
  process.umask(Number(umask));
  process.argv.splice(1, process.argv.length - 1, program);
  // A fork would run the script again.
  process.execArgv.length = 0;
  Reflect.deleteProperty(process, "_eval");
  // After the script: Node puts `module` back when it ends.
  process.nextTick(hideGlobals);
  workSession(Number(number), base ?? "");
}

/** `node -e` offers modules as global variables, which a program that is a file does not have. */
function hideGlobals(): void {
  for (const name of ["require", "module", "exports", "__filename", "__dirname", ...builtinModules]) {
    const found = Object.getOwnPropertyDescriptor(globalThis, name);
    if (found === undefined || kept.has(name) || (found.enumerable === true && found.get !== undefined)) continue;
    if (found.configurable === true) Reflect.deleteProperty(globalThis, name);
  }
}

/** Global variables of every program. */
const kept: ReadonlySet<string> = new Set(["process", "console"]);
