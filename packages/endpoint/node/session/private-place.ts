/* The directory of a session: for the socket at which its supervisor is reached again, and for named pipes. In memory where the host has such a place. */
import { constants, lstatSync, mkdtempSync, rmSync, accessSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute } from "node:path";
import { errorCode } from "../host/directory.ts";

export interface PrivatePlace {
  /** Made with mode 0700. */
  directory: string;
  /** Whether nothing in it is written to a disk. */
  isMemory: boolean;
}

/** How the names of such directories begin. */
export const placePrefix = "sremote-";

/** @throws the file system's error when there is no place */
export function makePrivatePlace(): PrivatePlace {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const candidates: [path: string | undefined, isMemory: boolean][] = [
    [process.platform === "linux" ? "/dev/shm" : undefined, true],
    // The XDG base directory specification asks for a directory of the user alone, which login managers mount in memory.
    [runtime !== undefined && isAbsolute(runtime) ? runtime : undefined, process.platform === "linux"],
  ];
  for (const [path, isMemory] of candidates) {
    if (path === undefined) continue;
    try {
      if (!lstatSync(path).isDirectory()) continue;
      accessSync(path, constants.W_OK);
      return { directory: mkdtempSync(`${path}/${placePrefix}`), isMemory };
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
    }
  }
  return { directory: mkdtempSync(`${tmpdir()}/${placePrefix}`), isMemory: false };
}

export function removePrivatePlace({ directory }: PrivatePlace): void {
  rmSync(directory, { recursive: true, force: true });
}
