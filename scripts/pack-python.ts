/*
 * The Python endpoint as a zip that `python3` runs. Its first member holds all modules, compressed together and without comments and docstrings:
 * separately they would take half as much again. The other is the entry, which imports them from memory; where the endpoint is installed they are
 * imported from the same payload, with their compiled code kept beside it.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { stripPython } from "./strip-python.ts";

/** The earliest time that a zip can hold is 1980; fflate writes local time, so it is given one whose fields are the same everywhere. */
const zipTime = new Date(1980, 0, 1, 0, 0, 0);
const member = { level: 9, mtime: zipTime, os: 3, attrs: 0o100644 << 16 } as const;

/** Bytes of the payload made from the directory that holds `__main__.py` and `sremote_endpoint/`. The same source gives the same bytes. */
export function packPython(source: string): Uint8Array {
  const entry = stripPython(readFileSync(join(source, "__main__.py"), "utf8"));
  const modules: [name: string, text: string][] = [["__main__", entry]];
  for (const file of readdirSync(join(source, "sremote_endpoint")).toSorted()) {
    if (!file.endsWith(".py")) continue;
    const name = file === "__init__.py" ? "sremote_endpoint" : `sremote_endpoint.${file.slice(0, -3)}`;
    modules.push([name, stripPython(readFileSync(join(source, "sremote_endpoint", file), "utf8"))]);
  }
  // `unpack` of the entry takes this apart. No source holds a NUL: Python refuses it.
  const text = modules.flat().join("\0");
  // Integer-like names would come first; these two keep their order.
  return zipSync({ modules: [Buffer.from(text), member], "__main__.py": [Buffer.from(entry), member] });
}
