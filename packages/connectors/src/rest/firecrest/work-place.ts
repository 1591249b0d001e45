/* Where the service itself works on a cluster. It tells no home directories. */
import { ConnectError } from "@sremote/protocol";
import type { Reply } from "../http.ts";

interface System {
  readonly name: string;
  readonly fileSystems?: readonly { readonly path: string; readonly defaultWorkDir?: boolean }[];
}

/** The file system in which each user has a directory of the user's name. */
export function workPlace(reply: Reply, name: string, label: string): string {
  const { systems } = reply.json() as { systems?: readonly System[] };
  const found = systems?.find((each) => each.name.toLowerCase() === name.toLowerCase());
  const place = found?.fileSystems?.find(({ defaultWorkDir }) => defaultWorkDir === true)?.path;
  if (place !== undefined) return place;
  const why = found === undefined ? `the service has no system ${name}` : `${name} has no default directory for work`;
  throw new ConnectError("connect-failed", why, { host: label, hint: "name a directory with the option `directory`" });
}
