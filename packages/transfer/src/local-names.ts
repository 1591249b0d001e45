/*
 * Names on this machine that a host gives. Where this machine is Windows, some do not mean one file in one directory: `\` and `:` lead elsewhere
 * (`C:x`, `file:stream`), `CON` and `NUL` are devices whatever stands behind their dot, and dots and spaces at the end are dropped.
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
import { isName, type Listing, nameOf, parentOf } from "./entry.ts";

type Platform = NodeJS.Platform;

const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=$|[ .])/i;
// oxlint-disable-next-line no-control-regex -- Windows refuses control characters in names
const forbidden = /[\\/:*?"<>|\u0000-\u001f]/;

/** Why a name cannot be used on this machine; undefined when it can. */
export function nameProblem(name: string, platform: Platform = process.platform): string | undefined {
  if (!isName(name)) return "it is not a name";
  if (platform !== "win32") return undefined;
  const found = forbidden.exec(name)?.[0];
  if (found !== undefined) return `Windows allows no ${JSON.stringify(found)} in a name`;
  if (/[. ]$/.test(name)) return "Windows drops a dot or a space at the end of a name";
  if (device.test(name)) return "it is the name of a device on Windows";
  return undefined;
}

/** Takes out of a host's listing what cannot be on this machine, with all below it: the failure of that path alone. */
export function refuseNames(listing: Listing, platform: Platform = process.platform): void {
  if (platform !== "win32") return; // What is not a name anywhere was forbidden when it was listed.
  const refused = new Set<string>();
  for (const path of [...listing.entries.keys()].toSorted()) {
    const problem = path === "" ? undefined : nameProblem(nameOf(path), platform);
    if (problem === undefined && !refused.has(parentOf(path))) continue;
    refused.add(path);
    listing.entries.delete(path);
    if (problem !== undefined) listing.failures.push({ path, errno: "EINVAL", message: problem });
  }
}

/** A path of this machine as the user wrote it, with `/` between its names. */
export function localPath(path: string, platform: Platform = process.platform): string {
  return platform === "win32" ? path.replaceAll("\\", "/") : path;
}

/**
 * A value as one name of this machine, which never leads elsewhere: whatever may mean something in a path is written as `%2F`.
 * A host's name may hold anything.
 */
export function asLocalName(value: string, platform: Platform = process.platform): string {
  const allowed = platform === "win32" ? /^\.|[^A-Za-z0-9._@-]/gu : /^\.|[^A-Za-z0-9._@:-]/gu;
  const name = value.replace(allowed, escaped);
  if (platform !== "win32") return name;
  // What Windows reads otherwise begins or ends otherwise then.
  return device.test(name) ? escaped(name[0]!) + name.slice(1) : name.replace(/\.$/, escaped);
}

function escaped(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
