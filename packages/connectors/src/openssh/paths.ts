/* Local paths as ssh takes them. */

/**
 * ssh expands `%` in the names of files, and `${NAME}` to environment variables, for which it knows no escape. A path with `${` in it is
 * therefore such a variable's value, which is not expanded again.
 */
export class SshPaths {
  /** For the environment of ssh. */
  readonly variables: Record<string, string> = {};

  /** The paths as a value of ssh_config, where spaces separate. */
  list(paths: readonly string[]): string {
    return paths.map((path) => `"${this.#plain(path).replaceAll('"', String.raw`\"`)}"`).join(" ");
  }

  #plain(path: string): string {
    if (!path.includes("${")) return path.replaceAll("%", "%%");
    const name = `SREMOTE_PATH_${Object.keys(this.variables).length + 1}`;
    this.variables[name] = path;
    return `\${${name}}`;
  }
}
