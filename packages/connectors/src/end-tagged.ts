/**
 * Ends every process that has `SREMOTE_EXEC=TAG` in its environment: SIGTERM, a second later SIGKILL. It reads `/proc`; hosts without it find none.
 * A process that is becoming another program has no environment for a moment, so a look that finds none is repeated.
 */
export function endTagged(tag: string): string {
  return `for s in TERM 0 KILL KILL; do
  for look in 1 2; do
    found=$(grep -l 'SREMOTE_EXEC=${tag}' /proc/[0-9]*/environ 2>/dev/null)
    [ -z "$found" ] || break
    ${pause}
  done
  [ -n "$found" ] || exit 0
  for f in $found; do f=\${f#/proc/}; kill -$s "\${f%/environ}" 2>/dev/null; done
  [ $s = KILL ] || sleep 0.5 || sleep 1
done`;
}

/** Longer than a process needs to become another program. Some systems sleep whole seconds only. */
export const pause = "sleep 0.05 2>/dev/null || sleep 1";
