/*
 * The halves of push and pull that run on the host: POSIX sh with cat, chmod, mv, rm, wc and one tool that knows SHA-256.
 * Each prints the marker, a status word and details. They rely on nothing set by login files: umask and locale are their own.
 */
import { quote } from "../quote.ts";
import { quotePath } from "../remote-path.ts";
import type { Digest } from "../transfer/source.ts";
import type { Marker } from "./marker.ts";

/** For Python 2.7 and 3: standard input as bytes has another name in each. */
const pythonDigest =
  "import hashlib,sys;h=hashlib.sha256();[h.update(b) for b in iter(lambda:getattr(sys.stdin,'buffer',sys.stdin).read(65536),b'')];print(h.hexdigest())";

/** Sets `$h` to the SHA-256 of a file, or to nothing. A tool that is there but does not work is passed over. */
const digestFunction = `whole() { h=\${h%% *}; [ \${#h} = 64 ]; }
digest() {
  h=$(sha256sum < "$1" 2>/dev/null) && whole && return
  h=$(shasum -a 256 < "$1" 2>/dev/null) && whole && return
  h=$(openssl dgst -sha256 -r < "$1" 2>/dev/null) && whole && return
  for py in python3 python; do
    h=$("$py" -c ${quote(pythonDigest)} < "$1" 2>/dev/null) && whole && return
  done
  h=
}`;

function preamble(marker: Marker): string {
  return `LC_ALL=C; export LC_ALL; umask 077; unset CDPATH
a=${marker.first}; b=${marker.second}; p=
answer() { printf '\\n%s%s %s\\n' "$b" "$a" "$*"; }
fail() { [ -z "$p" ] || rm -f "$p"; answer "$@"; exit 1; }
${digestFunction}
`;
}

/** Sets `$n` to a file's size; some `wc` print spaces before it. */
const sizeOf = (file: string): string => `n=$(wc -c < "${file}") && n=$(printf %s $n)`;

/** The checks before a rename, shared with connectors whose upload is not ours. `$p` is the temporary file, `$t` the target. */
function verifyAndRename(expected: Digest, mode: number): string {
  return `${sizeOf("$p")} || fail error "cannot read back"
[ "$n" = ${expected.size} ] || fail size "$n"
digest "$p"
[ -n "$h" ] || fail no-digest
[ "$h" = ${expected.sha256} ] || fail digest
e=$(chmod ${mode.toString(8).padStart(4, "0")} "$p" 2>&1) || fail error "$e"
e=$(mv -f "$p" "$t" 2>&1) || fail error "$e"
trap '' HUP INT TERM
p=
answer ok
`;
}

function checkTarget(target: string): string {
  const directory = target.slice(0, target.lastIndexOf("/") + 1);
  return `t=${quotePath(target)}; d=${quotePath(directory)}
[ -d "$d" ] || fail no-such-file
if [ -e "$t" ] && [ ! -f "$t" ]; then fail not-a-file; fi
`;
}

/** Standard input → temporary file → verified → target. Noclobber makes the shell open the new file with O_EXCL: nothing planted is followed. */
export function pushScript(target: string, temporary: string, expected: Digest, mode: number, marker: Marker): string {
  return `${preamble(marker)}${checkTarget(target)}p=${quotePath(temporary)}
trap 'rm -f "$p"; exit 1' HUP INT TERM PIPE
e=$({ set -C; cat > "$p"; } 2>&1) || fail error "$e"
${verifyAndRename(expected, mode)}`;
}

/** What remains to be done after an upload to the temporary name by other means. */
export function finishPushScript(target: string, temporary: string, expected: Digest, mode: number, marker: Marker): string {
  return `${preamble(marker)}p=${quotePath(temporary)}
trap 'rm -f "$p"; exit 1' HUP INT TERM PIPE
${checkTarget(target)}${verifyAndRename(expected, mode)}`;
}

/** After an upload that failed for reasons of its own: whether the host would have taken the file at all. Leaves nothing behind. */
export function diagnosePushScript(target: string, temporary: string, marker: Marker): string {
  return `${preamble(marker)}p=${quotePath(temporary)}
${checkTarget(target)}e=$({ printf x | cat > "$p"; } 2>&1) || fail error "$e"
fail nothing-found
`;
}

function checkReadable(path: string): string {
  return `f=${quotePath(path)}
if [ -e "$f" ] && [ ! -f "$f" ]; then fail not-a-file; fi
e=$({ : < "$f"; } 2>&1) || fail error "$e"
${sizeOf("$f")} || fail error "cannot read"
`;
}

/**
 * Size, content, then size and digest taken after the content was sent: a file that changes meanwhile does not agree with them.
 * The digest tool is tried first on nothing, so that its lack is reported before the content is sent.
 */
export function pullScript(path: string, marker: Marker): string {
  return `${preamble(marker)}${checkReadable(path)}digest /dev/null
[ -n "$h" ] || fail no-digest
answer ok "$n"
exec 3>&1
e=$({ cat < "$f" >&3; } 2>&1) || fail error "$e"
${sizeOf("$f")} || fail error "cannot read"
digest "$f"
answer end "$n" "$h"
`;
}

/** The content on stdout, the answers on stderr: for connectors that bring both back as files. */
export function copyScript(path: string, marker: Marker): string {
  return `${preamble(marker)}exec 3>&1 1>&2
${checkReadable(path)}digest /dev/null
[ -n "$h" ] || fail no-digest
e=$({ cat < "$f" >&3; } 2>&1) || fail error "$e"
${sizeOf("$f")} || fail error "cannot read"
digest "$f"
answer end "$n" "$h"
`;
}

/** Where the home directory is. */
export function homeScript(marker: Marker): string {
  return `${preamble(marker)}answer ok "$HOME"\n`;
}

/** Size and digest of a file, for a download by other means. */
export function digestScript(path: string, marker: Marker): string {
  return `${preamble(marker)}${checkReadable(path)}digest "$f"
[ -n "$h" ] || fail no-digest
answer end "$n" "$h"
`;
}
