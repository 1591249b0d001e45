/* The program that a host runs for the length of a transfer: sent along, kept nowhere. */
import { randomBytes } from "node:crypto";
import { quote } from "@sremote/connectors";
import { embedded, pythonWords } from "@sremote/endpoint";
import { programs } from "./generated/programs.ts";
import type { MakeScript } from "./host-run.ts";

/** Any `python3` from 3.6 on. Reads so many bytes of modules from standard input, and leaves the rest to them. */
const boot = `import sys
if sys.version_info<(3,6):sys.exit(96)
import io,json,zlib
i=io.open(0,"rb",262144,closefd=False)
n,a,b=sys.argv[1:]
for k,v in json.loads(zlib.decompress(i.read(int(n))).decode("ascii")):
 m=sys.modules[k]=type(sys)(k)
 m.source=i
 m.marker=(b+a+"+").encode("ascii")
 exec(compile(v,k+".py","exec"),m.__dict__)`;

let packed: Buffer | undefined;

/** What goes to standard input first. */
export function program(): Buffer {
  return (packed ??= embedded(programs, "transfer.json.zlib"));
}

export interface Start {
  /** For the host's `sh`. */
  readonly script: MakeScript;
  /** What the program prints before its first frame, followed by `+`; `-` stands there when there is no Python to run it. */
  readonly marker: string;
}

/**
 * How the program is started; it prints the marker in another order than it is given, so that an echo is not taken for it.
 */
export function startProgram(): Start {
  const [first, second] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
  // Not every `python3` works: version managers leave stand-ins. 2 is what a Python without -I says.
  const script = (redirect: string): string => `LC_ALL=C; export LC_ALL
for p in ${pythonWords}; do
  command -v "$p" >/dev/null 2>&1 || continue
  "$p" -I -S -c ${quote(boot)} ${program().length} ${first} ${second}${redirect}
  r=$?
  case $r in 2|96|126|127) ;; *) exit $r ;; esac
done
printf '%s%s-' ${second} ${first}${redirect}`;
  return { script, marker: second + first };
}
