import { type Command, shell } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";

/** A command as connectors take it; text is a script for the host's `sh`. @throws InvalidArgumentError */
export function toCommand(command: string | Command, argument = "command"): Command {
  const texts: readonly unknown[] =
    typeof command === "string"
      ? [command]
      : Array.isArray(command)
        ? (command as unknown[])
        : [(command as { shell?: unknown } | null)?.shell];
  const isText = (text: unknown): text is string => typeof text === "string" && !text.includes("\0");
  if (texts.length === 0 || texts[0] === "" || !texts.every(isText)) {
    throw new InvalidArgumentError(argument, "a script, or a list of a program and its arguments, without NUL");
  }
  return typeof command === "string" ? shell(command) : command;
}
