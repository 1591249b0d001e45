/*
 * Commands that are too long for a command line: Linux takes 128 KiB for one argument (MAX_ARG_STRLEN), and the host's shell gets all of a command in one. A
 * longer one goes in a file that only the account can read, which the host's shell takes into memory and removes before it begins.
 */
import { type Command, commandLine, type Connector, quote, shell, shellText } from "@sremote/connectors";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "@sremote/transfer";
import { toBytes } from "@sremote/connectors";

/** Characters of a command line beside which there is room for what we put before a command. */
const longest = 90_000;
/** Shorter ones are never longer than that, whatever they hold: a byte takes five characters at most. */
const surelyShort = longest / 5;

export interface ShortCommand {
  readonly command: Command;
  /** Part of a script that goes before it, and exits where it cannot do its work. */
  readonly before: string;
  /** To be called when the command was not started. Never rejects. */
  readonly remove: () => Promise<void>;
}

export async function shortened(connector: Connector, command: Command, signal: AbortSignal): Promise<ShortCommand> {
  const text = shellText(command);
  if (text.length <= surelyShort / 4 || commandLine(command).length <= longest)
    return { command, before: "", remove: async () => undefined };
  const directory = await makeTemporaryDirectory(connector, "script", "start", signal);
  const remove = (): Promise<void> => removeTemporaryDirectory(connector, directory);
  try {
    await connector.push(Uint8Array.from(toBytes(text)), `${directory}/script`, { signal, mode: 0o600 });
  } catch (error) {
    await remove();
    throw error;
  }
  // What a command substitution prints loses line feeds at its end, but for the dot. The script finds no variable of ours.
  const before = `sremote_script=$(cat ${quote(`${directory}/script`)} && echo .) && rm -rf ${quote(directory)} || exit 125`;
  return { command: shell('eval "unset sremote_script\n${sremote_script%.}"'), before, remove };
}
