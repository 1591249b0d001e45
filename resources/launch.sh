# Starts an endpoint on the host. Runs under any POSIX sh as: sh -c SCRIPT sremote MODE A B BASE INTERPRETER RUNTIME SHA STAGE1 SIZE [ENDPOINT-ARGUMENTS…]
#   MODE         stage  interpreter reads the payload (SIZE bytes) from standard input with STAGE1, installs it where needed, and goes on
#                run    the payload SHA must be installed already
#                demand as stage, and the payload whose SHA-256 is the first of ENDPOINT-ARGUMENTS must be installed already
#   A B          halves of the marker, printed in the other order
#   BASE         configured directory (relative: to the home directory), empty for the default ones
#   INTERPRETER  configured or known interpreter, empty to search
# Which interpreters are looked for stands in packages/endpoint/src/interpreters.ts.
# Where nothing can be started it prints the marker, the letter N and lines of KEY=VALUE, and exits 0: the client makes an error of them.
mode=$1 A=$2 B=$3 base=$4 interpreter=$5 runtime=$6 sha=$7 stage1=$8 size=$9
shift 9
# What the user set for Python or Node must not act on the endpoint itself, only on the function's process, which gets it back: python -E, and this.
if [ "$runtime" = node ] && [ -n "${NODE_OPTIONS:-}" ]; then
  SREMOTE_NODE_OPTIONS=$NODE_OPTIONS
  export SREMOTE_NODE_OPTIONS
  unset NODE_OPTIONS
fi
# Unset, HOME is the account's; a relative one starts here.
case ${HOME:-} in
  /*) ;;
  ?*) HOME=$PWD/$HOME ;;
  *) user=$(id -un 2>/dev/null)
    case $user in '' | *[!A-Za-z0-9._-]*) HOME=/ ;; *) eval "HOME=~$user" ;; esac ;;
esac
export HOME

newline='
'
old_ifs=$IFS
# The effective user, and programs on PATH, without starting processes where that can be: each costs half a millisecond, and this runs before every call.
find_uid() {
  if [ -r /proc/self/status ]; then
    while read -r key _ effective _; do
      if [ "$key" = Uid: ]; then uid=$effective; return; fi
    done < /proc/self/status
  fi
  uid=$(id -u)
}
# Nobody else may own or write to a directory from which code is run. The mode is read from ls: it is portable where stat is not.
mine() {
  for part in "$@"; do [ -d "$part" ] && [ ! -L "$part" ] && [ -O "$part" ] || return 1; done
  case $newline$(ls -ld "$@" 2>/dev/null) in *"$newline"d????w*|*"$newline"d???????w*) return 1 ;; esac
}

say_missing() {
  printf '%s%sN\nreason=%s\nhome=%s\npath=%s\n' "$B" "$A" "$1" "$HOME" "$PATH"
  shift
  for line in "$@"; do printf '%s\n' "$line"; done
  exit 0
}

# A relative one would be another directory for the endpoint, which starts elsewhere.
case ${TMPDIR:-} in /*) tmp=$TMPDIR ;; *) tmp='' ;; esac
case $base in
  '') find_uid
    bases="$HOME/.sremote
${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/sremote}
${tmp:+$tmp/sremote-$uid}
/tmp/sremote-$uid" ;;
  /*) bases=$base ;;
  *) bases=$HOME/$base ;;
esac

tried='' candidates='' found=''
is_program() { [ -f "$1" ] && [ -x "$1" ]; }
# Sets $place to the absolute path of a program. Relative entries of PATH are passed over.
look_up() {
  place=$1
  case $1 in
    /*) is_program "$1"; return ;;
    "~/"*) place=$HOME/${1#??}; is_program "$place"; return ;;
    */*) return 1 ;;
  esac
  set -f
  IFS=:
  for directory in ${PATH:-/usr/local/bin:/usr/bin:/bin}; do
    place=$directory/$1
    case $place in /*) if is_program "$place"; then break; fi ;; esac
    place=''
  done
  IFS=$old_ifs
  set +f
  [ -n "$place" ]
}
add() {
  tried="$tried${tried:+ }$1"
  look_up "$1" || return 0
  case "$newline$candidates$newline" in *"$newline$place$newline"*) return 0 ;; esac
  candidates="$candidates${candidates:+$newline}$place"
}

if [ -n "$interpreter" ]; then
  add "$interpreter"
else
  if [ "$runtime" = python ]; then
    set -f
    IFS=$newline
    for d in $bases; do
      if [ -x "$d/env/bin/python" ] && mine "$d" "$d/env"; then add "$d/env/bin/python"; fi
    done
    IFS=$old_ifs
    set +f
    for name in @pythons@; do add "$name"; done
  else
    for name in @nodes@; do add "$name"; done
  fi
fi
first=${candidates%%"$newline"*}
[ -n "$first" ] || say_missing interpreter "tried=$tried"

# Sets $found to the base directory in which the payload of that SHA-256 is installed.
find_installed() {
  # A directory may be named `*`.
  set -f
  IFS=$newline
  for d in $bases; do
    if mine "$d" "$d/endpoint" "$d/endpoint/$1"; then found=$d; break; fi
  done
  IFS=$old_ifs
  [ -n "$found" ] || say_missing endpoint
}
if [ "$mode" = demand ]; then
  find_installed "$1"
  shift
  mode=stage
fi

if [ "$mode" = stage ]; then
  if [ "$runtime" = python ]; then
    exec "$first" -E -c 'import sys; exec(sys.argv[1])' "$stage1" "$candidates" "$bases" "$size" "$sha" "$A" "$B" "$@"
  else
    exec "$first" -e 'eval(process.argv[1])' -- "$stage1" "$candidates" "$bases" "$size" "$sha" "$A" "$B" "$@"
  fi
fi

find_installed "$sha"
program=$found/endpoint/$sha
case $runtime in python) program=$program/__main__.py flags=-E ;; *) program=$program/endpoint.mjs flags='' ;; esac
verb=$1
shift
exec "$first" $flags "$program" "$verb" --base "$found" "$@"
