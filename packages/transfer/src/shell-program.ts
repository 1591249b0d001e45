/*
 * What a host without Python runs for each request of a transfer: a POSIX shell script with the tools that coreutils and busybox have in common.
 *
 * A request is a script of ours, with all names and figures quoted in it, and behind it the content of files. Both are put into a directory for temporary
 * files, and read from there by one descriptor after the other: a shell may read ahead from a pipe, `dd` from a file takes exactly what it is told to.
 * Content goes into the file's own directory, under a temporary name, and is renamed there.
 *
 * Below the directory that the user named, no symbolic link is followed on the way to a directory: `cd -P` makes PWD the physical path, which is then
 * not the one that was asked for. What is done after it is done with names in the current directory, wherever that is moved to.
 *
 * Where a link to a directory is in the place of a file, `mv` would move into that directory; not so with a directory of its own to move from.
 *
 * Works in dash, bash and busybox. Fields of answers end with NUL. `exit` in a trap of a signal leads to that of EXIT, which tidies up.
 */
import { randomBytes } from "node:crypto";
import type { MakeScript } from "./host-run.ts";

/** The tools of one host, where hosts differ. */
export interface HostTools {
  /** Prints the SHA-256 of its input first. */
  readonly sha256: string;
  /** `touch -d @1.5` sets times to the microsecond; else whole seconds are set. */
  readonly exactTimes: boolean;
  /** `touch -h` sets those of symbolic links. */
  readonly linkTimes: boolean;
  /** `mv -T` never moves into a directory. */
  readonly moveOver: boolean;
}

/** One line for each thing: what `stat` says of it, as hexadecimal mode, size, links, seconds, and the time as text for its fraction. */
const format = "%f %s %h %Y %y";

interface Script {
  readonly script: MakeScript;
  /** What comes first in its output. */
  readonly marker: string;
}

/** The directory for a request, and how it goes in the end, whatever the end is. */
function prologue(): string {
  return `LC_ALL=C; TZ=UTC0; export LC_ALL TZ; unset CDPATH
d=\${TMPDIR:-/tmp}; case $d in /*) ;; *) d=$PWD/$d ;; esac
d=$d/sremote-transfer-${randomBytes(8).toString("hex")}
h=; om=; u=$(umask)
tidy() { [ -z "$h" ] || rm -rf "$h"; [ -z "$om" ] || chmod "$om" .; rm -rf "$d"; }
(umask 077; mkdir "$d") || exit 1
trap tidy EXIT
trap 'exit 1' HUP INT TERM PIPE`;
}

/** @param before what comes before anything is written */
function wrapped(body: string, before = ""): Script {
  const [first, second] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
  const text = `printf '%s%s' ${second} ${first}\n${before}${prologue()}\n${body}`;
  return { script: (redirect) => (redirect === "" ? text : `{\n${text}\n}${redirect}`), marker: second + first };
}

const needed = "cat chmod dd find head id ln ls mkdir mv readlink rm rmdir stat tail touch";

/** Finds out what the host has. Prints lines of a name and a value; `lacks` for what there is no way without. */
export function probeScript(): Script {
  const before = `for c in ${needed}; do command -v $c >/dev/null 2>&1 || { echo "lacks $c"; l=1; }; done
for c in sha256sum shasum openssl; do command -v $c >/dev/null 2>&1 && s=1; done
[ -n "$s" ] || { echo "lacks sha256sum"; l=1; }
[ -z "$l" ] || { echo end; exit; }
s=
`;
  const body = `for c in sha256sum 'shasum -a 256' 'openssl dgst -sha256 -r'; do
  case $(printf abc | $c 2>/dev/null) in ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad*) echo "sha256 $c"; s=1; break ;; esac
done
[ -n "$s" ] || echo "lacks sha256sum"
case $(stat -L -c '${format}' / 2>/dev/null) in 4*' '*' '*' '*) ;; *) echo "lacks stat -c" ;; esac
[ "$(printf abc | head -c 2 2>/dev/null)" = ab ] || echo "lacks head -c"
[ "$(printf abc | tail -c +2 2>/dev/null)" = bc ] || echo "lacks tail -c"
[ "$(find "$d" -exec sh -c 'echo $#' sh {} + 2>/dev/null)" = 1 ] || echo "lacks find -exec +"
echo abc >"$d/x"
[ "$(dd bs=2 count=1 <"$d/x" 2>/dev/null)" = ab ] || echo "lacks dd"
touch -d @1.5 "$d/x" 2>/dev/null && [ "$(stat -c %Y "$d/x")" = 1 ] && echo "exactTimes 1"
ln -s x "$d/l" && touch -h -t 197001010000.02 "$d/l" 2>/dev/null && [ "$(stat -c %Y "$d/l")" = 2 ] && echo "linkTimes 1"
mv -fT "$d/x" "$d/y" 2>/dev/null && [ -f "$d/y" ] && echo "moveOver 1"
echo end`;
  return wrapped(body, before);
}

/** @param length bytes of the request's script; content comes behind it */
export function requestScript(tools: HostTools, length: number): Script {
  return wrapped(`sum() { ${tools.sha256} "$@"; }
over='${tools.moveOver ? "-T" : ""}'
${library}
i=$(pwd -P; echo .); i=\${i%??}; [ -n "$i" ] || exit 1
cat >"$d/r" || exit 1
exec 3<"$d/r"
dd bs=${length} count=1 <&3 >"$d/s" 2>/dev/null
. "$d/s"
leave
printf 'Z\\0\\0'`);
}

/*
 * `lister` is a program of its own for `find`, with names in the current directory. `B`: lines of `stat`, then as many names. `L`: a link and its text,
 * with a line feed. `U`: what could not be looked at.
 */
const library = `lister='
if a=$(stat -c "${format}" "$@" 2>/dev/null); then
  printf "B\\0%s\\0" "$a"; printf "%s\\0" "$@"
else
  for f do
    if a=$(stat -c "${format}" "$f" 2>&1); then printf "B\\0%s\\0%s\\0" "$a" "$f"
    elif [ -e "$f" ] || [ -L "$f" ]; then printf "U\\0%s\\0%s\\0" "$f" "$a"; fi
  done
fi
for f do
  if [ -L "$f" ]; then printf "L\\0%s\\0" "$f"; readlink "$f"; printf "\\0"
  elif [ -d "$f" ] && ! { [ -r "$f" ] && [ -x "$f" ]; }; then printf "U\\0%s\\0Permission denied\\0" "$f"; fi
done'
say() { printf '%s\\0%s\\0' "$1" "$2"; }
why() { ls -Ld "$1/." 2>&1 >/dev/null; }
list() {
  printf 'R\\0%s\\0' "$1"
  case $3 in 1) o=-L ;; *) o= ;; esac
  if ! a=$(stat -c '${format}' $o "$2" 2>&1); then
    case $a in *'No such file'*) ;; *) printf 'U\\0.\\0%s\\0' "$a" ;; esac
    return
  fi
  printf 'B\\0%s\\0.\\0' "$a"
  if [ "$3" = 0 ] && [ -L "$2" ]; then
    printf 'L\\0.\\0'; readlink "$2"; printf '\\0'
  elif [ "$4" = 1 ] && [ -d "$2" ]; then
    if ! (cd -P "$2" && find . -exec sh -c "$lister" sh {} +) 2>"$d/e"; then printf 'F\\0%s\\0' "$(cat "$d/e")"; fi
  fi
}
near() {
  (cd -P "$1" 2>/dev/null || exit
  set -- "./.$2.sremote-"*
  if [ -e "$1" ]; then printf 'P\\0'; sh -c "$lister" sh "$@"; fi)
}
leave() { [ -z "$om" ] || chmod "$om" .; om=; }
base() {
  leave
  R=; bad=; lost=; full=
  if cd -P "$1" 2>/dev/null; then R=\${PWD%/}; else lost=$(why "$1"); lost=\${lost:-Permission denied}; fi
}
enter() {
  leave
  bad=$lost
  [ -z "$bad" ] || return
  w=$R\${1:+/$1}; w=\${w:-/}
  if cd -P "$w" 2>/dev/null; then [ "$PWD" = "$w" ] || bad='Not a directory'; else bad=$(why "$w"); bad=\${bad:-Permission denied}; fi
}
readable() {
  t=$bad
  [ -z "$t" ] || return 1
  if [ -f "$1" ] && { [ "$2" = 1 ] || [ ! -L "$1" ]; }; then [ ! -r "$1" ] || return 0; t='Permission denied'
  else t=$(ls -Ld "$1" 2>&1 >/dev/null); t=\${t:-not a regular file}; fi
  return 1
}
digest() {
  if ! readable "$2" "$3"; then printf '%s\\0\\0%s\\0' "$1" "$t"; return; fi
  n=$(stat -L -c %s "$2")
  if [ -n "$4" ] && [ "$4" -lt "$n" ]; then n=$4; s=$(head -c "$n" "$2" | sum); else s=$(sum <"$2"); fi
  printf '%s\\0%s\\0%s\\0' "$1" "\${s%% *}" "$n"
}
same_size() { readable "$1" "$2" && { [ "$(stat -L -c %s "$1")" -\${4:-eq} "$3" ] || { t='the file changed'; false; }; }; }
filled() { { cat; head -c "$1" /dev/zero; } | head -c "$1"; }
send() {
  if ! same_size "$2" "$3" "$4" "$5"; then printf '%s\\0\\0%s\\0' "$1" "$t"; return; fi
  if [ "$4" = 0 ]; then
    cat "$2" >"$d/u"; s=$(sum <"$d/u")
    printf '%s\\0%s\\0\\0%s\\0' "$1" "\${s%% *}" "$(stat -c %s "$d/u")"; cat "$d/u"
    return
  fi
  if [ -n "$5" ]; then s=$(head -c "$4" "$2" | sum); else s=$(sum <"$2"); fi
  printf '%s\\0%s\\0\\0' "$1" "\${s%% *}"
  head -c "$4" "$2" | filled "$4"
}
piece() {
  if ! same_size "$2" "$3" "$4" "$9"; then printf '%s\\0\\0%s\\0' "$1" "$t"; return; fi
  printf '%s\\0-\\0\\0' "$1"
  dd if="$2" bs=65536 skip="$5" count="$6" 2>/dev/null | tail -c "+$7" | filled "$8"
}
sums() { sum "$@" | while read -r s _; do printf '%s\\n' "$s"; done; }
many() {
  z=$1; shift
  for f do if ! readable "$f" 0; then printf '\\0'; return; fi; done
  if ! a=$(stat -c %s "$@") || ! s=$(sums "$@"); then printf '\\0'; return; fi
  printf '%s\\0%s\\0' "$s" "$a"
  [ -z "$z" ] || cat "$@" | filled "$z"
} 2>/dev/null
act() {
  n=$1; shift
  [ -z "$full" ] || return
  if [ -n "$bad" ]; then say "$n" "$bad"; return; fi
  if "$@" 2>"$d/e"; then say "$n" ''; return; fi
  t=$(cat "$d/e"); say "$n" "\${t:-it failed}"
  case $t in *'o space left'*|*'uota exceeded'*) full=1 ;; esac
}
room() { [ -w . ] || { m=$(stat -c %a .) && chmod u+w . && om=$m; }; }
take() { case $1 in 0) ;; *) dd bs="$1" count=1 <&3 2>"$d/dd" || { cat "$d/dd" >&2; false; } ;; esac; }
same() { s=$(sum <"$1"); [ "\${s%% *}" = "$2" ] || { echo 'what arrived is not what was sent' >&2; false; }; }
stamp() { [ -z "$2" ] || touch $o -c $2 "$1"; }
dress() { case $2 in '') chmod =rw "$1" ;; *) chmod "$2" "$1" ;; esac && stamp "$1" "$3"; }
place() {
  if [ ! -d "$2" ]; then mv -f $over "$1" "$2"; return; fi
  if [ ! -L "$2" ]; then echo 'Is a directory' >&2; return 1; fi
  h=$1.d
  mkdir -m 700 "$h" && mv -f "$1" "$h/$2" && mv -f "$h/$2" . && rmdir "$h"
}
finish() { dress "$h" "$2" "$3" && place "$h" "./$1" && h=; }
undo() { rm -rf "$h" "\${h%.d}"; h=; return 1; }
put() {
  room; h=./$2; o=
  umask 077; true >"$h"; r=$?; umask "$u"
  if [ $r != 0 ]; then take "$3" >/dev/null; h=; return 1; fi
  { take "$3" >"$h" && same "$h" "$4" && finish "$1" "$5" "$6"; } || undo
}
file() {
  n=$1; shift
  if [ -n "$bad$full" ]; then take "$3" >/dev/null; fi
  act "$n" put "$@"
}
stage() { true >"$d/e"; good=; room; o=; h=./$1; [ -n "$bad$full" ] || { mkdir -m 700 "$h" && good=1; } 2>>"$d/e"; [ -n "$good" ] || h=; }
load() {
  if [ -n "$good" ] && true >"$h/$2"; then take "$1" >"$h/$2" || good=; else good=; take "$1" >/dev/null; fi
} 2>>"$d/e"
right() { s=$1; shift; [ -z "$good" ] || [ "$(cd "$h" && sums "$@")" = "$s" ] || good=; } 2>>"$d/e"
worn() { m=$1; shift; [ -z "$good" ] || (cd "$h" && chmod "$m" "$@") || good=; } 2>>"$d/e"
dated() { m=$1; shift; [ -z "$good" ] || (cd "$h" && touch -c $m "$@") || good=; } 2>>"$d/e"
placed() {
  k=$1; shift; t=; m=$good
  while [ "$k" -gt 0 ]; do t="$t $1"; shift; k=$((k - 1)); done
  if [ -n "$good" ]; then (cd "$h" && mv -f "$@" ..) || good=; fi
  for n in $t; do [ -n "$good" ] || { [ -n "$m" ] && [ ! -e "$h/$1" ]; } || say "$n" again; shift; done
  [ -z "$h" ] || rm -rf "$h"; h=
} 2>>"$d/e"
ours() { [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c '%h %u' "$1")" = "1 $(id -u)" ] && [ "$(stat -c %s "$1")" -ge "$2" ]; }
mine() { ours "$@" || { echo 'the unfinished file is another' >&2; false; }; }
part() {
  room; h=./$2
  if [ "$3" = 0 ]; then umask 077; true >"$h"; r=$?; umask "$u"; [ $r = 0 ] || { h=; return 1; }
  else
    mine "./\${1:-$2}" "$3" || { h=; return 1; }
    if [ -n "$1" ]; then mv -f "./$1" "$h"; fi && dd of="$h" bs=1 seek="$3" count=0 </dev/null 2>/dev/null
  fi
  if take "$4" >>"$h"; then h=; else undo; fi
}
adopt() {
  room; o=
  mine "./$1" "$3" && h=./$1 || return 1
  { same "$h" "$4" && finish "$2" "$5" "$6"; } || undo
}
make() { room; mkdir \${2:+-m "$2"} "./$1" || { [ -d "./$1" ] && [ ! -L "./$1" ]; }; }
sweep() { [ -n "$(find "./$1" -mmin -10)" ] || { room; rm -f "./$1"; }; }
tie() {
  room; h=./$2; o=-h
  { ln -s -- "$3" "$h" && stamp "$h" "$4" && place "$h" "./$1" && h=; } || undo
}
drop() { room; if [ "$2" = 1 ]; then if [ -e "./$1" ] || [ -L "./$1" ]; then rmdir "./$1" || [ ! -e "./$1" ]; fi; else rm -f "./$1"; fi; }
away() { case $bad in *'o such file'*) say "$1" '' ;; *) act "$1" drop "$2" "$3" ;; esac; }
meta() { stamp "$1" "$3" && if [ -n "$2" ]; then chmod "$2" "$1"; fi; }
meta_file() { if [ -f "$1" ] && [ ! -L "$1" ]; then o=; meta "$@"; else echo 'not a regular file' >&2; false; fi; }
meta_link() { o=-h; stamp "$1" "$2"; }
meta_here() { o=; om=; meta . "$1" "$2"; }
receive() {
  { if [ "$2" = 1 ]; then mkdir -p "$1"; elif [ "$3" = 1 ] && [ ! -d "$1" ]; then mkdir "$1"; fi; } 2>"$d/e"
  base "$1"
  if [ -n "$lost" ]; then t=$(cat "$d/e"); say -1 "\${t:-$lost}"; full=1; fi
}`;
