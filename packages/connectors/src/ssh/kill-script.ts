/* Ending a process of the host with everything below it, by a command of its own. */
import { shell } from "../connector.ts";
import type { ShellScript } from "../connector.ts";
import type { KillSignal } from "../process/index.ts";

/*
 * The `signal` request of SSH is not enough: OpenSSH refuses it for root and before 7.9, and reaches only the process group.
 * sshd makes each command the leader of a session and so of a group; a group number that exists belongs to that very process.
 * Processes below it that left the group are found by their parents, as far as `ps` is there.
 */
export function killScript(pid: number, signal: KillSignal): ShellScript {
  const name = signal.replace("SIG", "");
  return shell(`all=${pid}; new=${pid}
while [ -n "$new" ]; do
  set -- $(ps -A -o pid= -o ppid= 2>/dev/null)
  next=
  while [ $# -ge 2 ]; do
    case " $new " in *" $2 "*) case " $all " in *" $1 "*) ;; *) next="$next $1"; all="$all $1" ;; esac ;; esac
    shift 2
  done
  new=$next
done
kill -${name} -${pid} 2>/dev/null
kill -${name} $all 2>/dev/null
exit 0`);
}
