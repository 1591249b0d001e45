/* Error texts of the shell programs that run on hosts: why a directory cannot hold the endpoint. All else they say in single words. */
import type { ErrorText } from "./typescript-texts.ts";

export function shellTexts(source: string): ErrorText[] {
  return [...source.matchAll(/\bsay rejected "([^"]+)"/g)].map(([, reason]) => ({
    code: "no-writable-directory",
    text: `no directory on the host can hold the endpoint; ${reason!.replaceAll(/\$(?:\{[^}]+\}|\w+)/g, "{…}")}`,
  }));
}
