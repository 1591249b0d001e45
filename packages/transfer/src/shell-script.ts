/* One request to a host's shell: lines of calls of our functions, in order, and the content that they take. */
import { belowHome, quote, quotePath, toBytes } from "@sremote/connectors";
import { nameOf, parentOf } from "./entry.ts";

/** Files that are passed to one run of a tool. */
export const mostTogether = 128;

/** Whether tools write a name into their lines as it is. */
export function isPlain(name: string): boolean {
  return !/[\\\n\r]/.test(name);
}

export class ShellScript {
  readonly #lines: string[] = [];
  readonly #contents: Uint8Array[] = [];
  #directory: string | undefined;

  /** A call; arguments that are null are empty. */
  call(name: string, ...args: readonly (string | number | null)[]): void {
    this.#lines.push([name, ...args.map((arg) => quote(String(arg ?? "")))].join(" "));
  }

  /** The same with a path of the host first, or behind so many arguments. */
  callOn(name: string, before: readonly (string | number)[], path: string, ...args: readonly (string | number | null)[]): void {
    const place = path.startsWith("/") || belowHome(path) !== undefined ? quotePath(path) : `"$i"/${quote(path)}`;
    this.#lines.push([name, ...before.map((arg) => quote(String(arg))), place, ...args.map((arg) => quote(String(arg ?? "")))].join(" "));
  }

  /** What follows is about the directories of another root. */
  begin(name: "base" | "receive", root: string, ...args: readonly (string | number)[]): void {
    this.#directory = undefined;
    this.callOn(name, [], root, ...args);
  }

  /** Goes to the directory of a path below the root. @returns its name there */
  at(path: string): string {
    this.enter(parentOf(path));
    return nameOf(path);
  }

  enter(directory: string): void {
    if (this.#directory === directory) return;
    this.#directory = directory;
    this.call("enter", directory);
  }

  /** What comes next is about a path that the user named. */
  byItself(): void {
    this.#directory = undefined;
    this.#lines.push("bad=");
  }

  content(...pieces: readonly Uint8Array[]): void {
    this.#contents.push(...pieces);
  }

  /** The script, and all that goes to the host. */
  finish(): { length: number; input: Uint8Array[] } {
    const text = toBytes(`${this.#lines.join("\n")}\n`);
    return { length: text.length, input: [text, ...this.#contents] };
  }
}
