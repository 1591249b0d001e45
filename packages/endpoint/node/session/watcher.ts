/*
 * A shell beside the supervisor, one for each session. It makes named pipes, and when the supervisor vanishes (its input ends then) it kills the
 * process groups of the workers and removes the session's directory: nothing else on the host would.
 */
import type { ChildProcess } from "node:child_process";
import { loadChildProcess } from "../host/lazy.ts";

/**
 * Commands, one a line: `+ GROUP`, `- GROUP`, `p NAME NAME` (makes pipes and answers with a line, the exit status), `q`.
 * The `kill` of dash takes no `--` before the number of a group.
 */
const script = `trap '' HUP INT TERM
groups=' '
cd "$1" || exit
while read -r verb a b; do
  case $verb in
    +) groups="$groups$a " ;;
    -) groups="\${groups%% $a *} \${groups#* $a }" ;;
    p) mkfifo -m 600 "$a" "$b" 2>/dev/null; echo $? ;;
    q) exit 0 ;;
  esac
done
for group in $groups; do kill -9 -"$group" 2>/dev/null; done
cd /
rm -rf "$1"`;

export class Watcher {
  readonly #directory: string;
  readonly #groups: Set<number> = new Set();
  /** None where the host had no process for it: the next use tries again. */
  #child: ChildProcess | undefined;
  #isClosed = false;
  #said = "";
  #waiting: ((made: boolean) => void)[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    this.#start();
  }

  add(group: number): void {
    this.#groups.add(group);
    if (this.#child === undefined) this.#start();
    else this.#say(`+ ${group}`);
  }

  remove(group: number): void {
    if (this.#groups.delete(group)) this.#say(`- ${group}`);
  }

  /** Makes two named pipes in the session's directory. Resolves with whether they are there. */
  makePipes(names: readonly [string, string]): Promise<boolean> {
    if (this.#child === undefined) this.#start();
    if (this.#child === undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#say(`p ${names[0]} ${names[1]}`);
    });
  }

  /** Ends the shell: there is nothing left for it to end. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#child?.stdin?.end("q\n");
  }

  /** Resolves when the closed shell has ended. */
  ended(): Promise<void> {
    const child = this.#child;
    return new Promise((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once("exit", () => resolve());
    });
  }

  #say(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }

  #start(): void {
    if (this.#isClosed) return;
    // A group of its own: who kills that of the supervisor must not kill this.
    const child = loadChildProcess().spawn("/bin/sh", ["-c", script, "sremote-watcher", this.#directory], {
      detached: true,
      cwd: "/",
      stdio: ["pipe", "pipe", "ignore"],
    });
    const startedAt = performance.now();
    const gone = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#said = "";
      for (const resolve of this.#waiting.splice(0)) resolve(false);
      // It was ended, and the session is not safe without. One that ended at once will do so again: the next worker asks for another.
      if (performance.now() - startedAt >= soon) this.#start();
    };
    child.on("error", gone);
    child.on("exit", gone);
    // Where no process or no pipe is to be had there are no streams either; why, `error` will say.
    if (child.pid === undefined) return;
    this.#child = child;
    child.stdin.on("error", () => child.stdin.destroy());
    child.stdout.on("data", (chunk: Buffer) => this.#hear(chunk.toString("latin1")));
    for (const group of this.#groups) this.#say(`+ ${group}`);
  }

  #hear(text: string): void {
    const lines = (this.#said + text).split("\n");
    this.#said = lines.pop() ?? "";
    for (const line of lines) this.#waiting.shift()?.(line === "0");
  }
}

/** A shell that ends so soon, in milliseconds, will do so again. */
const soon = 1000;
