/* Frames out of `error.stack`, as V8 writes it: https://v8.dev/docs/stack-trace-api */
import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import type { TracebackFrame } from "@sremote/protocol";
import { program } from "../program.ts";
import { failureFrames, failureSource } from "../wire/limits.ts";

const sources = new Map<string, string[]>();

/** The frames of an error, outermost call first, without the endpoint's own and those of Node that lead to them. At most 100. */
export function stackFrames(stack: unknown): TracebackFrame[] {
  if (typeof stack !== "string") return [];
  const frames: TracebackFrame[] = [];
  for (const line of stack.split("\n")) {
    const frame = parseLine(line);
    if (frame === undefined) continue;
    if (isOwn(frame.file)) break;
    frames.push(frame);
  }
  while (/^node:(?:internal\/|diagnostics_channel|inspector)/.test(frames.at(-1)?.file ?? "")) frames.pop();
  // The oldest call first, as Python prints it and as PROTOCOL.md says.
  frames.reverse();
  if (frames.length > failureFrames) frames.splice(failureFrames / 2, frames.length - failureFrames);
  for (const frame of frames) frame.source = sourceLine(frame.file, frame.line);
  return frames;
}

/** Where a syntax error stands: V8 puts it on the first line of the stack, before the message. */
export function syntaxErrorFrame(stack: unknown): TracebackFrame | undefined {
  const found = typeof stack === "string" ? /^(.+):(\d+)\n/.exec(stack) : null;
  if (found === null) return undefined;
  const file = plainPath(found[1]!);
  if (!isAbsolute(file)) return undefined;
  const line = Number(found[2]);
  return { file, line, function: "<module>", source: sourceLine(file, line) };
}

function parseLine(text: string): TracebackFrame | undefined {
  const found = /^\s+at (?:(.*) \()?(.*?):(\d+)(?::\d+)?\)?$/.exec(text);
  if (found === null) return undefined;
  const name = (found[1] ?? "").replace(/^async /, "").replace(/^new /, "");
  const file = plainPath(found[2]!.replace(/^async /, ""));
  return { file, line: Number(found[3]), function: name === "" || name === "Object.<anonymous>" ? "<module>" : name, source: null };
}

function plainPath(file: string): string {
  // A query after the path tells one load of a module from the next.
  return file.startsWith("file://") ? fileURLToPath(file.replace(/[?#].*$/, "")) : file;
}

function isOwn(file: string): boolean {
  return file === program || file.endsWith(importerName);
}

/** File name of the module through which the endpoint imports; see resolve.ts. */
export const importerName = "/.sremote-import.cjs";

function sourceLine(file: string, line: number): string | null {
  if (!isAbsolute(file)) return null;
  let lines = sources.get(file);
  if (lines === undefined) {
    try {
      lines = statSync(file).size <= failureSource ? readFileSync(file, "utf8").split("\n") : [];
    } catch {
      lines = []; // A traceback without its text is still a traceback.
    }
    sources.set(file, lines);
  }
  return lines[line - 1]?.trim() ?? null;
}
