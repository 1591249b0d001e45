/* Who holds the sessions of a connection, in the words of messages for those who wait for one. */
import type { Command } from "./connector.ts";

/** What a command waits for when others hold all sessions of its connection, as `SpawnOptions.onWait` tells it. @param holders names of those who do */
export function sessionOf(limit: number, holders: readonly string[]): string {
  const which = limit === 1 ? "the only session that the host allows" : `one of the ${limit} sessions that are used at once of`;
  return `${which} the connection (sshd's MaxSessions), in use by ${counted(holders)}`;
}

/** The end of a sentence about a host that was reached, where a next command would wait; empty where it would not. */
export function allInUse(limit: number, holders: readonly string[]): string {
  if (holders.length < limit) return "";
  const all = limit === 1 ? "its only session is" : `all ${limit} sessions that are used at once are`;
  return `; ${all} in use, by ${counted(holders)}: the next command waits`;
}

/** What holds a session, where nothing else was said: the program, without its arguments, which may be secret. */
export function programOf(command: Command): string {
  return "shell" in command ? "a script" : command[0].slice(command[0].lastIndexOf("/") + 1);
}

/** `sleep (7), a session of calls` */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Array.from(counts, ([name, count]) => (count === 1 ? name : `${name} (${count})`)).join(", ");
}
