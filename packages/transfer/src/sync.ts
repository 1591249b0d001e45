/* One tree made like the other. */
import { InvalidArgumentError, given } from "@sremote/protocol";
import type { Connector } from "@sremote/connectors";
import { checkPath, type CopyOptions } from "./options.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";
import type { TransferResult } from "./result.ts";

export interface SyncOptions extends CopyOptions {
  /** `push`: the host's tree is made like the local one; `pull`: the local one like the host's. */
  direction: "push" | "pull";
}

/**
 * Makes one tree like the other: what is in one directory into the other, so that neither name matters. With `delete`, nothing else stays there.
 *
 * @param local a directory of this machine @param remote a directory of the host
 *
 * @example
 * ```ts
 * import { ssh } from "sremote";
 * import { sync } from "sremote/transfer";
 *
 * const host = ssh("me@gpu.example.org");
 * await sync(host, "site", "/srv/site", { direction: "push", delete: true });
 * ```
 */
export async function sync(connector: Connector, local: string, remote: string, options: SyncOptions): Promise<TransferResult> {
  const direction: unknown = typeof options === "object" && options !== null ? options.direction : undefined;
  if (direction !== "push" && direction !== "pull")
    throw new InvalidArgumentError("options.direction", `"push" or "pull"${given(direction)}`);
  const here = withoutSlash(checkPath(local, "local"));
  const there = withoutSlash(checkPath(remote, "remote"));
  return direction === "push" ? await push(connector, here, there, options) : await pull(connector, there, here, options);
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
