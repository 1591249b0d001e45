/* The clusters that the service knows: where it works on them, and how large files may be. It tells no home directories. */
import { ConnectError } from "@sremote/protocol";
import type { HttpReply } from "../http.ts";

interface Listed {
  readonly name: string;
  readonly dataOperation?: { readonly max_ops_file_size?: unknown };
  readonly fileSystems?: readonly { readonly path: string; readonly defaultWorkDir?: boolean }[];
}

/** What the service says of a system. */
export interface System {
  /** As the service spells it, which its paths must. */
  readonly name: string;
  /** The file system in which each user has a directory of the user's name. */
  readonly place: string | undefined;
  /** Bytes of the largest file to be uploaded, and of the base64 of the largest to be downloaded. Versions before 2.5 do not tell. */
  readonly maxFile: number | undefined;
}

/** @throws ConnectError when it has no such system */
export function systemOf(reply: HttpReply, name: string, label: string): System {
  const { systems } = reply.json() as { systems?: readonly Listed[] };
  const all: readonly Listed[] = Array.isArray(systems) ? systems : [];
  const found = all.find((each) => each.name === name) ?? all.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) {
    const names = all.map((each) => JSON.stringify(each.name)).slice(0, 20);
    throw new ConnectError("connect-failed", `the service has no system ${name}`, {
      stage: "connect",
      host: label,
      hint: names.length === 0 ? "it has none at all" : `it has ${names.join(", ")}`,
    });
  }
  const maxFile = found.dataOperation?.max_ops_file_size;
  return {
    name: found.name,
    place: found.fileSystems?.find(({ defaultWorkDir }) => defaultWorkDir === true)?.path,
    maxFile: typeof maxFile === "number" && maxFile > 0 ? maxFile : undefined,
  };
}
