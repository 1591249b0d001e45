/*
 * The Python endpoint as a zip that `python3` runs. Its modules lie in one member, compressed together, without comments and docstrings:
 * separately they would take half as much again. `payload_package.py` serves them from there; `install` writes them out one by one.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { zipSync, type Zippable } from "fflate";
import { stripPython } from "./strip-python.ts";

/** The earliest time that a zip can hold is 1980; fflate writes local time, so it is given one whose fields are the same everywhere. */
const zipTime = new Date(1980, 0, 1, 0, 0, 0);

/** Bytes of the payload made from the directory that holds `__main__.py` and `sremote_endpoint/`. The same source gives the same bytes. */
export function packPython(source: string): Uint8Array {
  const directory = join(source, "sremote_endpoint");
  const names = readdirSync(directory)
    .filter((name) => name.endsWith(".py"))
    .toSorted();
  const modules = names.map((name) => {
    const text = Buffer.from(stripPython(readFileSync(join(directory, name), "utf8")));
    return Buffer.concat([Buffer.from(`${name} ${text.length}\n`), text]);
  });
  const files: Zippable = {};
  const members: [string, Uint8Array][] = [
    ["__main__.py", readFileSync(join(source, "__main__.py"))],
    ["modules", Buffer.concat(modules)],
    ["sremote_endpoint/__init__.py", readFileSync(join(source, "payload_package.py"))],
  ];
  for (const [name, bytes] of members) files[name] = [bytes, { level: 9, mtime: zipTime, os: 3, attrs: 0o100644 << 16 }];
  return zipSync(files);
}
