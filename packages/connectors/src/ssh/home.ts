/* The user's home directory, as ssh finds it, and paths that begin with it. */
import { homedir, userInfo } from "node:os";
import { belowHomeDirectory } from "./client-platform.ts";

/** That of the account, whatever HOME says: ssh_config and known_hosts lie there, too. HOME where the user database does not know the account. */
export function homeDirectory(): string {
  try {
    return userInfo().homedir;
  } catch {
    return homedir();
  }
}

/** The path, with `~` or `~/` at its beginning replaced. */
export function expandHome(path: string): string {
  return belowHomeDirectory(path, homeDirectory());
}
