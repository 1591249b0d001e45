/*
 * What runs on the host beside the processes of a fleet: one `sh` for each connection, the watchdog, and at first one for each command that
 * reads nothing, so that short ones need no more.
 *
 * sshd does not end what it started when its client is gone: it closes the command's input and output, and a command that uses neither runs
 * on. A terminal would help (SIGHUP), but merges standard error into standard output. So the watchdog waits at the end of a channel of its own.
 * When that ends (the client was killed, the link was lost), or when no sign of life has come for a while, it ends everything it was told of:
 * SIGTERM, two seconds, SIGKILL. It also carries out the caller's kills, so that these need no further channel.
 *
 * Lines in, each a word and a pid: `add`, `forget`, `TERM` (or another signal), `end PID SIGNAL TENTHS`, `beat`, `bye`. Lines out, behind a nonce: `ready`,
 * `added PID`, `killed PID`, `ended PID FORCED PIDS…`.
 *
 * `end` is how the caller ends a process: the signal, as long as something of its tree runs so many tenths of a second, then SIGKILL, and two seconds later
 * the pids of what still runs, which this account may not end (root's, by sudo). So what is told to have ended was looked for and not found. Processes that
 * have ended and are not yet waited for are none.
 *
 * The tree of a process is itself, its process group, all below it by parents, and the groups of those. What was once found in it stays in it:
 * after SIGTERM a child may have lost its parent. A pid counts as found before only with the same group, as pids are used again.
 * What has put itself into a session of its own and lost its parent before it was looked for is a daemon, and is left alone.
 *
 * A part of it counts the time. It is what says `ready`, when it can be told to end; every beat has it begin to count anew.
 *
 * POSIX sh, with `ps` or Linux's /proc. Works in dash, bash and busybox: all of them run a trap while `read` waits, but not all of them go on
 * reading where they were, so a trap of the reader only ever ends it.
 */

/** Between SIGTERM and SIGKILL when the client is gone, in seconds. */
const grace = 2;

/** Periods without a sign of life. */
const missed = 3;

/** `tree PID` sets `all`: it, its group, what is below, and their groups, with a space around each. */
const processTree = `table() {
  ps -A -o pid= -o ppid= -o pgid= -o stat= && return
  for f in /proc/[0-9]*/stat; do
    { read -r line < "$f"; } || continue
    set -- \${line##*) }
    echo "\${line%% *} $2 $3 $1"
  done
}
tree() {
  root=$1; eval "seen=\\\${seen_$1-}"
  all=" $1 "; new=$all; rows=$(table)
  while [ -n "$new" ]; do
    next=
    set -- $rows
    while [ $# -gt 3 ]; do
      case "$all$4" in *" $1 "*|*Z*) ;; *)
        hit=
        case $seen in *" $1:$3 "*) hit=1 ;; esac
        case $new in *" $2 "*|*" $3 "*) hit=1 ;; esac
        if [ -n "$hit" ]; then all="$all$1 "; next="$next $1 "; seen="$seen $1:$3 "; fi ;;
      esac
      shift 4
    done
    new=$next
  done
  eval "seen_$root=\\$seen"
}`;

/**
 * Counts the time until the watchdog, `$me`, is told by SIGVTALRM that it is over. SIGUSR1 has it begin anew, SIGVTALRM ends it: signals that no one
 * else sends. Its own child is killed by `$!`, which is set as soon as there is one. It tells more than once and does not end by itself: where
 * SIGCHLD comes together with it, the kernel restarts the watchdog's `read`, and bash runs no trap.
 */
const clock = (period: number, first: string): string => `watch=
unwatch() { kill -VTALRM "$watch"; wait "$watch"; }
( n=0; trap 'n=0' USR1; trap 'kill -KILL $!; exit' VTALRM${first}
  while [ $n -lt ${missed} ]; do
    sleep ${period} & s=$!
    while kill -0 $s; do wait $s; done
    n=$((n+1)); kill -0 $me || exit
  done
  while kill -VTALRM $me; do sleep 1 & wait $!; done ) </dev/null &
watch=$!`;

/** @param nonce begins every line that is answered; @param period seconds between two signs of life; after three without one it is over */
export function watchdogScript(nonce: string, period: number): string {
  return `exec 2>/dev/null
LC_ALL=C; export LC_ALL; unset IFS
kept=; me=$$
trap '' HUP INT QUIT PIPE
say() { printf '%s %s\\n' ${nonce} "$*"; }
${processTree}
strike() {
  tree "$2"
  kill -"$1" -"$2"
  kill -"$1" $all
}
left() {
  tree "$1"; alive=
  set -- $rows
  while [ $# -gt 3 ]; do
    case $4 in Z*) ;; *) case $all in *" $1 "*) alive="$alive $1" ;; esac ;; esac
    shift 4
  done
}
end() {
  forced=0; n=0; nap=0.02; long=$3
  strike "$2" "$1"
  while left "$1"; [ -n "$alive" ]; do
    if [ $n -ge $long ]; then
      [ $forced = 0 ] || break
      forced=1; n=0; nap=0.02; long=20
      strike KILL "$1"; strike KILL "$1"
    fi
    if sleep $nap; then [ $nap = 0.02 ] || n=$((n+1)); nap=0.1; else sleep 1; n=$((n+10)); fi
  done
  say ended "$1" $forced $alive
}
gone() {
  trap '' VTALRM TERM
  if [ -n "$kept" ]; then
    for p in $kept; do strike TERM $p; done
    sleep ${grace}
    for p in $kept; do strike KILL $p; done
    for p in $kept; do strike KILL $p; done
  fi
  unwatch
  exit 0
}
trap gone VTALRM TERM
${clock(period, "\n  say ready; exec >/dev/null")}
while read -r word p signal tenths; do
  case $p in *[!0-9]*) continue ;; esac
  case $word in
    beat) kill -USR1 "$watch" ;;
    bye) unwatch; exit 0 ;;
    add) kept="$kept $p"; say added $p ;;
    forget)
      left=
      for k in $kept; do [ $k = $p ] || left="$left $k"; done
      kept=$left; unset seen_$p ;;
    end) ( trap - VTALRM TERM; end $p $signal $tenths ) </dev/null & ;;
    KILL) strike KILL $p; strike KILL $p; say killed $p ;;
    *) strike $word $p; say killed $p ;;
  esac
done
gone
`;
}

/**
 * The watchdog of one command that reads nothing: it waits at the end of the command's own input, so that no other channel is needed to begin.
 * Part of a script, in front of the command; sends it to /dev/null for its input.
 *
 * Lines in: `beat`, `bye`, or a signal that ends (`TERM`, `KILL`, …). It answers nothing. When its input ends, or no sign of life comes, it
 * ends the command and all below it, as above. If the command itself has ended before, that is how most end, and it does nothing: what a command
 * leaves behind is for the other watchdog, which takes over from this one.
 *
 * It is started by a shell that ends at once, so that it is no child of the command, which may wait for all it has. It stays in the command's
 * process group, for two reasons: all shells can do that, and the pid of the group's leader is not given to another process as long as there
 * is a member (POSIX, fork()). So it ignores what is sent to the group, and its own SIGKILL comes last.
 *
 * @param period seconds between two signs of life
 */
export function ownWatchdogScript(period: number): string {
  return `( trap '' HUP INT QUIT TERM PIPE USR1 USR2 ALRM
( exec >/dev/null 2>&1
LC_ALL=C; export LC_ALL; unset IFS
root=$$ me=
{ read -r me _ < /proc/self/stat; } || me=$(exec sh -c 'echo $PPID')
${processTree}
split() {
  tree $root; inner= outer=
  set -- $rows
  while [ $# -gt 3 ]; do
    case $all in *" $1 "*)
      if [ $3 != $root ]; then outer="$outer $1"
      elif [ $1 != $me ] && [ $1 != $watch ]; then inner="$inner $1"; fi ;;
    esac
    shift 4
  done
}
${clock(period, "")}
finish() {
  trap '' VTALRM
  unwatch
  split; kill -STOP $inner; kill -KILL $outer
  split; kill -KILL $outer
  kill -KILL -$root
  exit 0
}
gone() {
  trap '' VTALRM
  if kill -0 $root; then
    tree $root; kill -TERM -$root; kill -TERM $all
    sleep ${grace}
    finish
  fi
  unwatch
  exit 0
}
trap gone VTALRM
while read -r word; do
  case $word in
    beat) kill -USR1 $watch ;;
    bye) break ;;
    KILL) finish ;;
    *) tree $root; kill -$word -$root; kill -$word $all ;;
  esac
done
[ "$word" = bye ] || gone
unwatch ) <&3 & ) 3<&0
exec </dev/null`;
}
