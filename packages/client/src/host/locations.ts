import type { Connector, OperationOptions } from "@sremote/connectors";
import { hostLimits, InvalidArgumentError } from "@sremote/protocol";
import { checkText, fromHome, isPlainObject } from "../call/check-values.ts";
import { newMarker, textAfterMarker } from "./marker.ts";

/** Where things lie on the host. A path that does not start with `/` is relative to the home directory. */
export interface Locations {
  /** The endpoint's base directory. Undefined: `~/.sremote`, or where that cannot be written the next best (docs/deployment.md). */
  sremoteDir: string | undefined;
  /** Temporary files: `TMPDIR` of every call. Undefined: as the host has it. */
  tmpDir: string | undefined;
  /** Working directory of calls. Undefined: the home directory. */
  pwdDir: string | undefined;
}

export interface Discovery {
  /** Whether the file was there and valid. If not, the configuration stays as it was. */
  found: boolean;
  /** One sentence: what was found, or why not. */
  message: string;
}

/** As {@link fromHome}, without line breaks and slashes at its end. */
export function hostPath(argument: string, path: unknown): string {
  const resolved = fromHome(argument, path);
  if (resolved.includes("\n")) throw new InvalidArgumentError(argument, "a path without line breaks");
  return resolved.replace(/\/+$/, "") || "/";
}

/** As {@link hostPath}, but always below the home directory. */
export function homePath(argument: string, path: unknown): string {
  checkText(argument, path, "a path below the home directory");
  return hostPath(argument, path.replace(/^\/+/, "") || ".");
}

/**
 * Reads `$HOME/.sremote/<fileName>` on the host (seeds: "self discovery"): JSON with `sremote`, `absolute_tmp` or `relative_tmp`,
 * and optionally `absolute_pwd` or `relative_pwd`.
 */
export async function discover(
  connector: Connector,
  fileName: string,
  locations: Locations,
  options: OperationOptions,
): Promise<Discovery> {
  checkText("fileName", fileName, "the name of a file in ~/.sremote");
  if (fileName.includes("/")) throw new InvalidArgumentError("fileName", "a file name without `/`");
  const marker = newMarker();
  const script = 'printf "%s%s" "$2" "$1"; [ -f "$HOME/.sremote/$3" ] || exit 3; cat -- "$HOME/.sremote/$3"';
  const result = await connector.exec(["sh", "-c", script, "sremote", ...marker, fileName], {
    ...options,
    outputLimit: hostLimits.ownOutput,
  });
  // A connector that ignores signals still answers; its answer is not waited for.
  options.signal?.throwIfAborted();
  const where = `~/.sremote/${fileName}`;
  if (result.exitCode === 3) return { found: false, message: `${where} does not exist` };
  const text = textAfterMarker(result.stdout, marker);
  if (result.exitCode !== 0 || text === undefined) return { found: false, message: `${where} could not be read` };
  return apply(text, where, locations);
}

function apply(text: string, where: string, locations: Locations): Discovery {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return { found: false, message: `${where} is not valid JSON: ${(error as Error).message}` };
  }
  if (!isPlainObject(content)) return { found: false, message: `${where} does not hold a JSON object` };
  const next: Locations = { ...locations };
  try {
    next.sremoteDir = hostPath("sremote", content["sremote"]);
    next.tmpDir = either(content, "tmp") ?? next.tmpDir;
    next.pwdDir = either(content, "pwd") ?? next.pwdDir;
  } catch (error) {
    if (error instanceof InvalidArgumentError) return { found: false, message: `${where}: ${error.message}` };
    throw error;
  }
  Object.assign(locations, next);
  return { found: true, message: `${where}: base directory ${next.sremoteDir}` };
}

/** The seed gives a relative path under `absolute_tmp` too, so only the leading `/` decides. */
function either(content: Record<string, unknown>, what: "tmp" | "pwd"): string | undefined {
  const absolute = content[`absolute_${what}`];
  if (absolute !== undefined) return hostPath(`absolute_${what}`, absolute);
  const relative = content[`relative_${what}`];
  return relative === undefined ? undefined : homePath(`relative_${what}`, relative);
}
