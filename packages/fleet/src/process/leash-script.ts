/*
 * What runs on the host beside the processes of a fleet: one `sh` for each connection, the leash.
 *
 * sshd does not end what it started when its client is gone: it closes the command's input and output, and a command that uses neither runs
 * on. A terminal would help (SIGHUP), but merges standard error into standard output. So the leash waits at the end of a channel of its own.
 * When that ends (the client was killed, the link was lost), or when no sign of life has come for a while, it ends everything it was told of:
 * SIGTERM, two seconds, SIGKILL. It also carries out the caller's kills, so that these need no further channel.
 *
 * Lines in, each a word and a pid: `add`, `forget`, `TERM` (or another signal), `beat`, `bye`. Lines out, behind a nonce: `ready`, `added PID`,
 * `killed PID`.
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

/** @param nonce begins every line that is answered; @param period seconds between two signs of life; after three without one it is over */
export function leashScript(nonce: string, period: number): string {
  return `exec 2>/dev/null
LC_ALL=C; export LC_ALL; unset IFS
kept=; watch=
trap '' HUP INT QUIT PIPE
say() { printf '%s %s\\n' ${nonce} "$*"; }
table() {
  ps -A -o pid= -o ppid= -o pgid= && return
  for f in /proc/[0-9]*/stat; do
    { read -r line < "$f"; } || continue
    set -- \${line##*) }
    echo "\${line%% *} $2 $3"
  done
}
tree() {
  root=$1; eval "seen=\\\${seen_$1-}"
  all=" $1 "; new=$all; rows=$(table)
  while [ -n "$new" ]; do
    next=
    set -- $rows
    while [ $# -gt 2 ]; do
      case $all in *" $1 "*) ;; *)
        hit=
        case $seen in *" $1:$3 "*) hit=1 ;; esac
        case $new in *" $2 "*|*" $3 "*) hit=1 ;; esac
        if [ -n "$hit" ]; then all="$all$1 "; next="$next $1 "; seen="$seen $1:$3 "; fi ;;
      esac
      shift 3
    done
    new=$next
  done
  eval "seen_$root=\\$seen"
}
strike() {
  tree "$2"
  kill -"$1" -"$2"
  kill -"$1" $all
}
watch() {
  ( n=0; trap 'n=0' USR1; trap 'kill $s; wait $s; exit' TERM
    say ready; exec >/dev/null
    while [ $n -lt ${missed} ]; do
      sleep ${period} & s=$!
      while kill -0 $s; do wait $s; done
      n=$((n+1)); kill -0 $$ || exit
    done
    kill -ALRM $$ ) </dev/null &
  watch=$!
}
unwatch() { kill -TERM "$watch"; wait "$watch"; }
gone() {
  trap '' ALRM TERM
  if [ -n "$kept" ]; then
    for p in $kept; do strike TERM $p; done
    sleep ${grace}
    for p in $kept; do strike KILL $p; done
    for p in $kept; do strike KILL $p; done
  fi
  unwatch
  exit 0
}
trap gone ALRM TERM
watch
while read -r word p; do
  case $p in *[!0-9]*) continue ;; esac
  case $word in
    beat) kill -USR1 "$watch" ;;
    bye) unwatch; exit 0 ;;
    add) kept="$kept $p"; say added $p ;;
    forget)
      left=
      for k in $kept; do [ $k = $p ] || left="$left $k"; done
      kept=$left; unset seen_$p ;;
    KILL) strike KILL $p; strike KILL $p; say killed $p ;;
    *) strike $word $p; say killed $p ;;
  esac
done
gone
`;
}
