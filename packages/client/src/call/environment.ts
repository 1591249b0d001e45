import { InvalidArgumentError } from "@sremote/protocol";
import { checkEnvVariable, checkText } from "./options.ts";

/** What every call of a client finds in its environment. Kept on the client; sent with each call, in its body, never in an argument vector. */
export class HostEnvironment {
  readonly #variables = new Map<string, { value: string; onlyIfUnset: boolean }>();
  readonly #path: string[] = [];

  setVariable(name: string, value: string, onlyIfUnset: boolean): void {
    checkEnvVariable("name", name, value, "value");
    this.#variables.set(name, { value, onlyIfUnset });
  }

  appendPath(path: string): void {
    checkText("path", path, "a directory");
    if (path.startsWith("~")) throw new InvalidArgumentError("path", "a directory's absolute path, without `~`");
    if (!this.#path.includes(path)) this.#path.push(path);
  }

  /** The registered variables with a call's own over them. */
  variables(own: Readonly<Record<string, string>> | undefined): [string, string, boolean][] {
    if (own === undefined && this.#variables.size === 0) return [];
    const all = new Map(this.#variables);
    for (const [name, value] of Object.entries(own ?? {})) all.set(name, { value, onlyIfUnset: false });
    return [...all].map(([name, { value, onlyIfUnset }]) => [name, value, onlyIfUnset]);
  }

  path(): string[] {
    return [...this.#path];
  }
}
