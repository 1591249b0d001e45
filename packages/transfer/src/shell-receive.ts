/* The frames of a push as a script for the host's shell. */
import { decodeBatch, decodeJson, type Frame } from "./frame.ts";
import { nameOf, parentOf } from "./entry.ts";
import { messages } from "./message.ts";
import { type AnswerReader, describeMessage } from "./shell-answer.ts";
import type { HostTools } from "./shell-program.ts";
import { isPlain, mostTogether, ShellScript } from "./shell-script.ts";
import { hostTemporaryName } from "./temporary.ts";

interface Head {
  readonly root: string;
  readonly parents: boolean;
  readonly make: boolean;
}

type Action = readonly [number: number, name: string, args: readonly unknown[]];
type FileHead = readonly [number: number, path: string, size: number, mode: number | null, time: number | null];

interface IncomingFile {
  readonly head: FileHead;
  readonly sha256: string;
  readonly pieces: readonly Buffer[];
}

/** Four digits would leave a directory its set-group-id, where GNU's chmod is. */
const octal = (mode: unknown): string | null => (typeof mode === "number" ? mode.toString(8).padStart(5, "0") : null);

export class ReceiveScript {
  /** Numbers of parts, which are no whole items. */
  readonly parts: Set<number> = new Set();
  /** Files that are told of only when something is wrong with them. */
  readonly quiet: Map<number, IncomingFile> = new Map();
  readonly #script: ShellScript = new ShellScript();
  readonly #tools: HostTools;
  /** Files of one directory, which are made together. */
  #together: IncomingFile[] = [];
  /** A file whose content comes in frames of its own. */
  #file: { head: FileHead; pieces: Buffer[] } | undefined;

  constructor(tools: HostTools, { root, parents, make }: Head) {
    this.#tools = tools;
    this.#script.begin("receive", root, parents ? 1 : 0, make ? 1 : 0);
    this.#script.enter("");
  }

  take({ kind, payload }: Frame): void {
    if (kind === messages.files) this.#batch(payload);
    else if (kind === messages.part) this.#part(payload);
    else if (kind === messages.file) this.#file = { head: decodeJson(payload) as FileHead, pieces: [] };
    else if (kind === messages.data) this.#file!.pieces.push(payload);
    else if (kind === messages.fileEnd) this.#end(decodeJson(payload) as string);
    else if (kind === messages.fileDropped) this.#file = undefined;
    else if (kind === messages.actions)
      for (const [number, name, args] of decodeJson(payload) as Action[]) this.#action(number, name, args);
    else throw new Error(`a frame of an unknown kind: ${kind}`);
  }

  #batch(payload: Buffer): void {
    const { head, content } = decodeBatch(payload);
    let at = 0;
    for (const [number, path, size, sha256, mode, time] of head as [number, string, number, string, number | null, number | null][]) {
      this.#put([number, path, size, mode, time], sha256, [content.subarray(at, (at += size))]);
    }
  }

  #end(sha256: string): void {
    const { head, pieces } = this.#file!;
    this.#file = undefined;
    this.#put(head, sha256, pieces);
  }

  #put(head: FileHead, sha256: string, pieces: readonly Buffer[]): void {
    const file = { head, sha256, pieces };
    const [, path] = head;
    const [first] = this.#together;
    const fits = first === undefined || parentOf(first.head[1]) === parentOf(path);
    if (!fits || this.#together.length >= mostTogether) this.#flush();
    if (isPlain(nameOf(path))) this.#together.push(file);
    else this.putAlone(file);
  }

  /** A file by itself, of which is told what came of it. */
  putAlone({ head: [number, path, size, mode, time], sha256, pieces }: IncomingFile): void {
    this.#flush();
    const name = this.#script.at(path);
    this.#script.call("file", number, name, hostTemporaryName(name), size, sha256, octal(mode), this.#touch(time));
    this.#script.content(...pieces);
  }

  /** Makes files in a directory of their own, where one run of a tool is for many, and moves them from there. */
  #flush(): void {
    const files = this.#together;
    this.#together = [];
    if (files.length < 2) {
      for (const file of files) this.putAlone(file);
      return;
    }
    const script = this.#script;
    const names = files.map(({ head: [, path] }) => `./${nameOf(path)}`);
    script.enter(parentOf(files[0]!.head[1]));
    script.call("stage", hostTemporaryName("files"));
    for (const [index, { head, pieces }] of files.entries()) {
      script.call("load", head[2], names[index]!);
      script.content(...pieces);
    }
    script.call("right", files.map(({ sha256 }) => sha256).join("\n"), ...names);
    for (const [mode, those] of byValue(names, (index) => octal(files[index]!.head[3]) ?? "=rw")) script.call("worn", mode, ...those);
    for (const [time, those] of byValue(names, (index) => this.#touch(files[index]!.head[4]) ?? "")) {
      if (time !== "") script.call("dated", time, ...those);
    }
    for (const file of files) this.quiet.set(file.head[0], file);
    script.call("placed", names.length, ...files.map(({ head: [number] }) => number), ...names);
  }

  finish(): ShellScript {
    this.#flush();
    return this.#script;
  }

  #part(payload: Buffer): void {
    const { head, content } = decodeBatch(payload);
    const [number, path, old, hidden, offset] = head as [number, string, string | null, string, number];
    this.#flush();
    this.parts.add(number);
    this.#script.at(path);
    this.#script.call("act", number, "part", old, hidden, offset, content.length);
    this.#script.content(content);
  }

  #action(number: number, name: string, args: readonly unknown[]): void {
    this.#flush();
    const script = this.#script;
    if (name === "mkdir") {
      const [path, mode] = args as [string, number | null];
      script.call("act", number, "make", script.at(path), mode === null ? null : "700");
    } else if (name === "link") {
      const [path, target, time] = args as [string, string, number | null];
      const own = script.at(path);
      script.call("act", number, "tie", own, hostTemporaryName(own), target, this.#touch(time, true));
    } else if (name === "delete") {
      const [path, isDirectory] = args as [string, boolean];
      script.call("away", number, script.at(path), isDirectory ? 1 : 0);
    } else if (name === "sweep") {
      script.call("act", number, "sweep", script.at((args as [string])[0]));
    } else if (name === "adopt") {
      const [hidden, path, size, sha256, mode, time] = args as [string, string, number, string, number | null, number | null];
      script.call("act", number, "adopt", hidden, script.at(path), size, sha256, octal(mode), this.#touch(time));
    } else if (name === "meta") this.#meta(number, args as [string, string, number | null, number | null]);
    else throw new Error(`an unknown action: ${name}`);
  }

  #meta(number: number, [path, kind, mode, time]: [string, string, number | null, number | null]): void {
    const script = this.#script;
    if (kind === "d") {
      script.enter(path);
      script.call("act", number, "meta_here", octal(mode), this.#touch(time));
      return;
    }
    const place = `./${nameOf(path)}`;
    script.at(path);
    if (kind === "f") script.call("act", number, "meta_file", place, octal(mode), this.#touch(time));
    else script.call("act", number, "meta_link", place, this.#touch(time, true));
  }

  /** The options of `touch`; null when the host cannot set this time. */
  #touch(time: number | null, link = false): string | null {
    if (time === null || (link && !this.#tools.linkTimes)) return null;
    if (this.#tools.exactTimes) return `-d @${(time / 1e6).toFixed(6)}`;
    // busybox takes the second before 1970 for an error.
    const whole = Math.floor(time / 1e6) || 0;
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(new Date((whole === -1 ? 0 : whole) * 1000).toISOString()) ?? [];
    return year === undefined ? null : `-t ${year}${month}${day}${hour}${minute}.${second}`;
  }
}

/** Names by what is to be set for them. */
function byValue(names: readonly string[], valueOf: (index: number) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [index, name] of names.entries()) {
    const value = valueOf(index);
    const known = groups.get(value);
    if (known === undefined) groups.set(value, [name]);
    else known.push(name);
  }
  return groups;
}

/** What came of a request, as the Python program would say it. */
export class ReceiveReport {
  done = 0;
  fatal = false;
  readonly failures: [number: number, errno: string, message: string][] = [];
  /** To be made each by itself. */
  again: IncomingFile[] = [];

  take(answer: AnswerReader, { parts, quiet }: ReceiveScript): void {
    this.again = [];
    for (let number = answer.field(); number !== "Z"; number = answer.field()) {
      const message = answer.field();
      if (message === "again") this.again.push(quiet.get(Number(number))!);
      else if (message !== "") this.#fail(Number(number), message);
      else if (!parts.has(Number(number))) this.done += 1;
    }
    this.done += quiet.size - this.again.length;
  }

  #fail(number: number, message: string): void {
    const failure = describeMessage(message);
    this.failures.push([number, ...failure]);
    this.fatal ||= number === -1 || failure[0] === "ENOSPC" || failure[0] === "EDQUOT";
  }
}
