# What an endpoint would find on this host, as KEY=VALUE lines after the marker. Runs as: sh -c SCRIPT sremote A B BASE RUNTIME PREPARE SHA
# With PREPARE=yes the first usable base gets its directories. Writes nothing else.
umask 077
A=$1 B=$2 base=$3 runtime=$4 prepare=$5 sha=$6
# Unset, HOME is the account's; a relative one starts here.
user=$(id -un 2>/dev/null)
case ${HOME:-} in
  /*) ;;
  ?*) HOME=$PWD/$HOME ;;
  *) case $user in '' | *[!A-Za-z0-9._-]*) HOME=/ ;; *) eval "HOME=~$user" ;; esac ;;
esac
export HOME
uid=$(id -u)
say() { printf '%s=%s\n' "$1" "$2"; }
printf '%s%sP\n' "$B" "$A"
say home "$HOME"
say user "${user:-$uid}"
say uid "$uid"
say shell "${SHELL:-}"
say path "$PATH"
say system "$(uname -s)"
say release "$(uname -r)"
say machine "$(uname -m)"

mine() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
# Group or others may not write; the tenth character row of ls is portable where stat is not.
private() { case $(ls -ld "$1" 2>/dev/null) in d????w*|d???????w*) return 1 ;; esac; }
all_mine() { for part in "$@"; do mine "$part" && private "$part" || return 1; done; }
usable() {
  for part in "$1" "$1/endpoint" "$1/tmp"; do
    if [ ! -e "$part" ] && [ "$prepare" = yes ]; then
      [ "$part" != "$1" ] || mkdir -p "$(dirname "$1")" 2>/dev/null
      why=$(mkdir "$part" 2>&1) || [ -d "$part" ] || { say rejected "$1: ${why##*: }"; return 1; }
    fi
    if [ -e "$part" ] || [ -L "$part" ]; then
      mine "$part" || { say rejected "$part: not a directory owned by this user"; return 1; }
      private "$part" || { say rejected "$part: may be written by others"; return 1; }
      [ -w "$part" ] || { say rejected "$part: not writable"; return 1; }
    else
      up=$(dirname "$1")
      [ -w "$up" ] || [ -w "$1" ] || { say rejected "$up: not writable"; return 1; }
    fi
  done
  if [ "$prepare" = yes ]; then
    if ! (printf '%4096s' ' ' > "$1/tmp/.probe-$A") 2>/dev/null || [ ! -s "$1/tmp/.probe-$A" ]; then
      rm -f "$1/tmp/.probe-$A"
      say rejected "$1/tmp: a file cannot be written there (no space, or a quota)"
      return 1
    fi
    rm -f "$1/tmp/.probe-$A"
  fi
}
newline='
'
# A relative one would be another directory for the endpoint, which starts elsewhere.
case ${TMPDIR:-} in /*) tmp=$TMPDIR ;; *) tmp='' ;; esac
case $base in
  '') bases="$HOME/.sremote
${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/sremote}
${tmp:+$tmp/sremote-$uid}
/tmp/sremote-$uid" ;;
  /*) bases=$base ;;
  *) bases=$HOME/$base ;;
esac
chosen=''
# A directory may be named `*`.
set -f
IFS=$newline
for d in $bases; do
  if all_mine "$d" "$d/endpoint" "$d/endpoint/$sha" && [ -w "$d" ]; then chosen=$d; say installed yes; break; fi
  if usable "$d"; then chosen=$d; break; fi
done
unset IFS
set +f
if [ -n "$chosen" ]; then
  say base "$chosen"
  where=$chosen
  while [ ! -e "$where" ]; do where=$(dirname "$where"); done
  say disk "$(df -Pk "$where" 2>/dev/null | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)"
fi

# Each candidate is really started: a version manager's stand-in exists without working. Site files may print before or after the version.
unset NODE_OPTIONS
try() {
  place=$(command -v "$1" 2>/dev/null) || return 0
  case $place in /*) ;; *) return 0 ;; esac
  case " $seen " in *" $place "*) return 0 ;; esac
  seen="$seen $place"
  kind=$2
  shift 2
  said=$("$place" "$@" 2>&1 </dev/null)
  case $said in
    *sremote=*=*)
      version=${said##*sremote=}
      say "$kind" "${version%%=*} $place" ;;
    *) say broken "$place${said:+ (${said##*"$newline"})}" ;;
  esac
}
seen=''
if [ "$runtime" != node ]; then
  venv=''
  if [ -n "$chosen" ] && [ -x "$chosen/env/bin/python" ] && all_mine "$chosen" "$chosen/env"; then venv=$chosen/env/bin/python; fi
  for name in ${venv:+"$venv"} @pythons@; do
    try "$name" python -E -c 'import sys; print("sremote=%d.%d.%d=" % tuple(sys.version_info[:3]))'
  done
fi
if [ "$runtime" != python ]; then
  for name in @nodes@; do
    try "$name" node -p '"sremote=" + process.versions.node + "="'
  done
fi
for tool in git uv pip3 npm rsync tar sbatch qsub bsub nvidia-smi; do
  place=$(command -v "$tool" 2>/dev/null) && say tool "$tool $place"
done
say end yes
exit 0
