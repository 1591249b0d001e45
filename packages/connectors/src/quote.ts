/* Quoting for the POSIX shell: XCU 2.2.2, everything between single quotes is literal. */
import { InvalidArgumentError } from "@sremote/protocol";

/**
 * One argument as one word of POSIX `sh`, whatever it holds.
 * @throws InvalidArgumentError when it holds NUL, which no argument can
 */
export function quote(argument: string): string {
  if (argument.includes("\0")) throw new InvalidArgumentError("argument", "a string without NUL");
  if (/^[A-Za-z0-9_./:,+@-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** An argument vector as a simple command of POSIX `sh`. */
export function quoteAll(argv: readonly string[]): string {
  return argv.map((argument, index) => quoteAt(argument, index)).join(" ");
}

function quoteAt(argument: string, index: number): string {
  const quoted = quote(argument);
  // As the first word, an unquoted reserved word (`if`, `{`) or alias would not be taken as a program's name.
  return index === 0 && quoted === argument ? `'${quoted}'` : quoted;
}
