/*
 * The script that stands for one command on the host: POSIX sh, pushed as a file, run as `/bin/sh <work>/<id>.sh [verb]`.
 *
 *   start   runs the command unless that was done, waits for it up to `hold` seconds, prints the report or that it is running
 *   ask     waits likewise and prints the same; if the command never started, sees to it that it never will (`void`)
 *   end     ends the command and removes all files
 *   run     the script's own other half: a process in a session of its own, which outlives its starter
 *
 * `mkdir <work>/<id>` is the lock: the process that makes the directory runs the command, so a request that is delivered twice runs it once. The
 * script is removed before the report appears, and the directory only later: a copy of a request that arrives after all that finds no script.
 * `<id>/rc` is the report, written last and renamed into place; `<id>/out` and `<id>/err` are what the command printed.
 */
import { toBytes } from "../byte-string.ts";
import { shellText } from "../command-line.ts";
import type { Command } from "../connector.ts";
import type { Marker } from "../process/index.ts";
import { quote } from "../quote.ts";

export interface ScriptOptions {
  /** Work directory and id. */
  readonly work: string;
  readonly id: string;
  readonly marker: Marker;
  readonly command: Command;
  /** `none`: empty. `rest`: what follows the script in its file, then the parts. */
  readonly stdin: "none" | "rest";
  /** Names in the work directory. */
  readonly parts: readonly string[];
  /** Bytes of stdout and stderr to keep. */
  readonly stdoutLimit: number;
  readonly stderrLimit: number;
  /** Files larger than this are split into `out.aaaa`, `out.aaab`, …; undefined: never. */
  readonly splitAt: number | undefined;
  readonly inline: number;
  /** Seconds; undefined: to the end. */
  readonly hold: number | undefined;
  /** Seconds after which the host ends the command by itself; undefined: never. */
  readonly deadline: number | undefined;
  /** Ids whose files may go. */
  readonly released: readonly string[];
  /** Removes the work directories that clients left which died a day ago or more. */
  readonly sweep: boolean;
}

/** The script as bytes. With `stdin: "rest"` the input follows it in the same file. */
export function scriptBytes(options: ScriptOptions): Uint8Array {
  const text = scriptText(options);
  const length = toBytes(text, "command").length;
  return toBytes(text.replace(lengthHere, String(length + 1).padEnd(lengthHere.length)), "command");
}

/** Replaced by the place of the first byte after the script; holds the room that the number needs. */
const lengthHere = "@AFTER-SCRIPT@";

function scriptText(options: ScriptOptions): string {
  const { work, id, marker, hold, deadline } = options;
  return `#!/bin/sh
mask=$(umask); umask 077
w=${work}; i=${id}; d=$w/$i; s=$w/$i.sh; a=${marker.first}; b=${marker.second}
k=${lengthHere}
say() { printf '\\n%s%s %s\\n' "$b" "$a" "$*"; }
show() { if [ -f "$d/rc" ]; then exec cat "$d/rc"; else say running; fi; }
host() { read -r h < /proc/sys/kernel/hostname || h=$(uname -n); } 2>/dev/null
own() {
  command -v setsid >/dev/null 2>&1 && exec setsid "$@"
  command -v perl >/dev/null 2>&1 && exec perl -e 'use POSIX (); POSIX::setsid(); exec { $ARGV[0] } @ARGV; exit 127' "$@"
  command -v python3 >/dev/null 2>&1 && exec python3 -I -S -c 'import os,sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' "$@"
  exec "$@"
}
nap() { sleep 0.1 2>/dev/null || sleep 1; }
never() { mkdir "$d" 2>/dev/null && say void > "$d/rc.tmp" && mv "$d/rc.tmp" "$d/rc"; }
here() { read -r p g < "$1" && [ -n "$g" ] && host && [ "$h" = "$g" ]; } 2>/dev/null
ours() { if [ -d /proc/self ]; then grep -q "$2=$i" "/proc/$1/environ" 2>/dev/null; else kill -0 "$1" 2>/dev/null; fi; }
stop() {
  here "$d/pid" || return 0
  if ours "$p" SREMOTE_EXEC; then kill "-$1" "-$p" 2>/dev/null || kill "-$1" "$p" 2>/dev/null; fi
  for f in $(grep -l "SREMOTE_EXEC=$i" /proc/[0-9]*/environ 2>/dev/null); do
    f=\${f#/proc/}; kill "-$1" "\${f%/environ}" 2>/dev/null
  done
}
watch() {
  trap 'kill "$z" 2>/dev/null; exit 0' TERM
  n=0 z=
  while :; do
    if [ $n -lt 60 ]; then t=1; else t=5; fi
    sleep $t & z=$!
    wait $z
    n=$((n + t))
    if [ $n = ${hold ?? 0} ]; then wake; fi
    if [ $((n % 600)) = 0 ]; then touch "$w"; fi
    if [ -f "$d/cancel" ]${deadline === undefined ? "" : ` || [ $n -ge ${deadline} ]`}; then stop TERM; sleep 1; stop KILL; nap; stop KILL; fi
  done
}
wake() {
  if [ -r /proc/$$/stat ]; then read -r _ _ _ parent _ < /proc/$$/stat; [ "$parent" = "$caller" ] || return 0; fi
  kill -USR1 "$caller" 2>/dev/null
}
sums() {
  sha256sum out err 2>/dev/null || shasum -a 256 out err 2>/dev/null || openssl dgst -sha256 -r out err 2>/dev/null ||
  python3 -I -S -c ${quote(pythonSums)} out err 2>/dev/null || python -E -s -S -c ${quote(pythonSums)} out err 2>/dev/null
}
failed() {
  rm -f out* err* rc.tmp
  say error "$1" > rc.tmp && [ -s rc.tmp ] && mv rc.tmp rc || exit 75
  exit 0
}
case \${1-start} in
start)
  if mkdir "$d" 2>/dev/null; then
    [ -f "$s" ] || { rmdir "$d"; exit 0; }
${tidy(options)}    SREMOTE_RUN=$i; export SREMOTE_RUN
${launch(hold)}    if [ $? = 75 ] && [ ! -f "$d/rc" ]; then say error "No space left on device"; exit 0; fi
  elif [ ! -d "$d" ]; then
    say error "$(mkdir "$d" 2>&1)"; exit 0
  else
    n=0
    while [ -d "$d" ] && [ ! -f "$d/rc" ] && [ $n -lt ${(hold ?? 20) * 10} ]; do nap; n=$((n + 1)); done
  fi
  show
  ;;
ask)
  never
  n=0
  while [ -d "$d" ] && [ ! -f "$d/rc" ] && [ $n -lt ${(hold ?? 20) * 10} ]; do
    if [ -f "$d/runner" ]; then
      if here "$d/runner" && ! ours "$p" SREMOTE_RUN; then nap; [ -f "$d/rc" ] || { say lost; exit 0; }; fi
    elif [ $n -ge 100 ]; then say lost; exit 0; fi
    nap; n=$((n + 1))
  done
  show
  ;;
end)
  never
  : > "$d/cancel"
  n=0
  while [ ! -f "$d/rc" ] && [ $n -lt 80 ]; do
    case $n in 0|3) stop TERM ;; 10|20) stop KILL ;; esac
    if [ -f "$d/runner" ] && here "$d/runner" && ! ours "$p" SREMOTE_RUN; then
      # No process is left to report; what the command ignores of SIGTERM it does not ignore of SIGKILL.
      stop TERM; nap; nap; nap; stop KILL; break
    fi
    nap; n=$((n + 1))
  done
  if [ $n -lt 80 ]; then rm -rf "$w/$i".*; rm -rf "$d"; say ended; else say running; fi
  ;;
run)
  caller=$2 mask=$3
  host
  echo "$$ $h" > "$d/runner"
  watch & watcher=$!
  cd "\${HOME:-/}" 2>/dev/null || cd /
  r=$({ { {
    ${input(options)}(
      umask "$mask"; unset SREMOTE_RUN; SREMOTE_EXEC=$i; export SREMOTE_EXEC
      own /bin/sh -c ${quote(shellText(options.command))}
    ) 5>&- ${options.stdin === "none" ? "< /dev/null " : ""}& p=$!
    echo "$p $h" > "$d/pid"; wait "$p"; echo "code $?" >&5
  } | { cat > "$d/out" || echo short >&5; } 2>/dev/null
  } 2>&1 | { cat > "$d/err" || echo short >&5; } 2>/dev/null
  } 5>&1)
  kill "$watcher" 2>/dev/null
  cd "$d" || exit 75
  rm -f "$w/$i".*
  c=\${r#*code }; c=\${c%%[!0-9]*}
  case $r in *short*)
    m=$(head -c 65536 /dev/zero 2>&1 > probe) || m="\${m:-write error}"
    rm -f out err probe; failed "\${m:-write error}" ;;
  esac
  cut=0 n=0 m=0 x=- y=- what=both form=base64
  if [ -s out ] || [ -s err ]; then
    set -- $(wc -c out err); n=$1 m=$3
    if [ "$n" -gt ${options.stdoutLimit} ]; then head -c ${options.stdoutLimit} out > o && mv o out && n=${options.stdoutLimit} cut=1; fi
    if [ "$m" -gt ${options.stderrLimit} ]; then head -c ${options.stderrLimit} err > o && mv o err && m=${options.stderrLimit} cut=1; fi
    set -- $(sums); x=\${1:--} y=\${3:--}
    command -v base64 >/dev/null 2>&1 || { command -v openssl >/dev/null 2>&1 && base64() { openssl base64; }; } ||
      { form=hex; base64() { od -An -v -tx1; }; }
    if [ $((n + m)) -gt ${options.inline} ]; then if [ "$m" -le ${options.inline} ]; then what=err; else what=none; fi; fi
  fi
  # Said twice: what differs was damaged on the way. The content has its digests.
  all="$c $n $m $x $y $cut $what $form"
  {
    say "done $all" &&
    case $what$n/$m in both0/0|err*/0|none*) ;; both0/*|err*) base64 < err ;; both*/0) base64 < out ;; *) cat out err | base64 ;; esac &&
    say "end $all"
  } > rc.tmp 2>/dev/null || failed "No space left on device"
${split(options)}  mv rc.tmp rc || exit 75
  ;;
esac
exit 0
`;
}

/** For Python 2.7 and 3. */
const pythonSums =
  "import hashlib,sys\nfor n in sys.argv[1:]:\n h=hashlib.sha256()\n with open(n,'rb') as f:\n  for b in iter(lambda:f.read(65536),b''): h.update(b)\n sys.stdout.write(h.hexdigest()+' '+n+'\\n')";

/** Where the command's input comes from. */
function input({ stdin, parts, work }: ScriptOptions): string {
  if (stdin === "none") return "";
  const cat = parts.length === 0 ? "" : ` && cat ${parts.map((part) => `${work}/${part}`).join(" ")}`;
  return `{ tail -c "+$k" "$s"${cat}; } 5>&- 2>/dev/null | `;
}

function launch(hold: number | undefined): string {
  // A job's processes end with its script.
  if (hold === undefined) return `    /bin/sh "$s" run 0 "$mask" < /dev/null > /dev/null 2>&1\n`;
  return `    trap : USR1
    own /bin/sh "$s" run $$ "$mask" < /dev/null > /dev/null 2>&1 &
    wait $!
`;
}

/** In the background: it is not waited for. */
function tidy({ released, sweep, work }: ScriptOptions): string {
  const steps: string[] = [];
  if (released.length > 0) {
    // Scripts and parts before directories, which are the locks. `rm` takes them in this order.
    steps.push(`cd "$w" && rm -rf ${released.map((id) => `${id}.* ${id}`).join(" ")}`);
  }
  if (sweep) {
    const others = `${work.slice(0, work.lastIndexOf("-"))}-*`;
    steps.push(`for f in ${others}; do [ "$f" = "$w" ] || [ -z "$(find "$f" -prune -type d -mtime +0 2>/dev/null)" ] || rm -rf "$f"; done`);
  }
  return steps.length === 0 ? "" : `    { ${steps.join("; ")}; } < /dev/null > /dev/null 2>&1 &\n`;
}

function split({ splitAt }: ScriptOptions): string {
  if (splitAt === undefined) return "";
  const one = (file: string, size: string): string =>
    `  if [ -f ${file} ] && [ "$${size}" -gt ${splitAt} ]; then split -b ${splitAt} -a 4 ${file} ${file}. && rm -f ${file} || failed "No space left on device"; fi\n`;
  return one("out", "n") + one("err", "m");
}
