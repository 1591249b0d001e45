# Sourced by set-ups: one at a time makes $target, and the others wait for it, three minutes at most. The kernel releases the lock of one that was killed.
mkdir -p "$root/.cache"
if command -v flock >/dev/null 2>&1; then
  exec 9> "$target.lock"
  flock -w 180 9 || {
    echo "$0: $target.lock is held for too long" >&2
    exit 1
  }
fi
