/* Values that were encoded one by one, as members of one value: PROTOCOL.md, section "Values". */
import { escapeName, type WireValue } from "@sremote/protocol";

/** One value in the form that travels, of which nothing can change any more. */
export interface Part {
  /** JSON. */
  readonly json: string;
  /** Its annotations, JSON too. */
  readonly values: string | undefined;
}

export function partOf({ json, meta }: WireValue): Part {
  return { json: JSON.stringify(json), values: meta === undefined ? undefined : JSON.stringify(meta.values) };
}

/** JSON of the array of these parts as a value. */
export function joinArray(parts: readonly Part[]): string {
  const entries = parts.map((part, index): [string, Part] => [String(index), part]);
  return joined(`[${parts.map(({ json }) => json).join(",")}]`, entries);
}

/** JSON of the object with these members as a value. */
export function joinObject(entries: readonly (readonly [name: string, part: Part])[]): string {
  return joined(`{${entries.map(([name, { json }]) => `${JSON.stringify(name)}:${json}`).join(",")}}`, entries);
}

function joined(json: string, entries: readonly (readonly [name: string, part: Part])[]): string {
  const annotations: string[] = [];
  for (const [name, { values }] of entries) {
    if (values === undefined) continue;
    const path = escapeName(name);
    const tree: unknown = JSON.parse(values);
    // An annotation of the value itself, or those of parts of it, each by its path.
    if (Array.isArray(tree)) annotations.push(`${JSON.stringify(path)}:${values}`);
    else
      for (const [inner, each] of Object.entries(tree as object))
        annotations.push(`${JSON.stringify(`${path}.${inner}`)}:${JSON.stringify(each)}`);
  }
  const meta = annotations.length === 0 ? "" : `,"meta":{"values":{${annotations.join(",")}},"v":1}`;
  return `{"json":${json}${meta}}`;
}
