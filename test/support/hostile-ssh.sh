#!/bin/sh
# A program in place of the system's ssh, for a host that keeps to no rule. Called with ssh's own arguments: -E LOG … -- HOST LINE.
# HOST is `BEHAVIOUR` or `BEHAVIOUR-NUMBER`; an honest one runs the line, as a host would.
log=$2
for line; do host=$name; name=$line; done
number=${host#*-}
# The halves of the line's markers in their order: twice that of the beginning, last that of the end.
halves=$(printf '%s' "$line" | sed 's/\\0[0-7][0-7][0-7]/ /g' | grep -oE '[0-9a-f]{16}')
set -- $halves
begin=$1$2
shift $(($# - 2))
end=$1$2
flood() { if [ $# -eq 1 ]; then head -c "$1" /dev/zero; else head -c "$1" /dev/zero | tr '\0' "$2"; fi; }
begins() { printf '%s 4711\n' "$begin"; printf '%s\n' "$begin" >&2; }

case ${host%%-*} in
honest) exec sh -c "$line" ;;
noise) flood "$number"; printf '\n'; begins; printf '%s 0\n' "$end" >&2 ;;
loud) flood "$number" >&2; printf '\n' >&2; begins; printf '%s 0\n' "$end" >&2 ;;
endless) begins >/dev/null; exec cat /dev/zero ;;
beginning) printf '%s ' "$begin"; flood "$number" 1; printf '\n'; printf '%s\n%s 0\n' "$begin" "$end" >&2 ;;
ending) begins; printf '%s ' "$end" >&2; flood "$number" 0 >&2; printf '\n' >&2 ;;
pid) printf '%s %s\n' "$begin" "$number"; exec sleep 60 ;;
status) begins; printf '%s %s\n' "$end" "$number" >&2 ;;
silent) exit "$number" ;;
killed) kill -9 $$ ;;
drip) while :; do printf .; sleep 0.02; done ;;
text) yes "ssh: Offending in a:a Offending in b:b host key exec: error text of the host" | head -c "$number" >"$log"; exit 255 ;;
line) flood "$number" x >"$log"; exit 255 ;;
said) echo 'UNKNOWN port 65535' >"$log"; yes 'Offending in a:a Offending in b:b' | tr '\n' ' ' | head -c "$number" >&2; exit 255 ;;
log) : >"$log"; truncate -s "$number" "$log"; exec sleep 60 ;;
output) begins; flood "$number"; printf '%s 0\n' "$end" >&2 ;;
errors) begins; flood "$number" >&2; printf '%s 0\n' "$end" >&2 ;;
gone) begins; exit 255 ;;
esac
