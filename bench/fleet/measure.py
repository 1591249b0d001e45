"""Runs a command and tells what it took, as a line of JSON on file descriptor 3.

argv: `time` or `memory`, then the command. Wall time and CPU time in milliseconds, of the command and of all that it has waited for; with
`memory`, and only then, since looking takes time, the most that the command and all below it held at once, in MiB.
"""
import json
import os
import resource
import sys
import time


def tree(pid):
    found = [pid]
    for each in found:
        try:
            threads = os.listdir("/proc/%d/task" % each)
            for thread in threads:
                with open("/proc/%d/task/%s/children" % (each, thread)) as file:
                    found.extend(int(child) for child in file.read().split())
        except OSError:
            pass  # It has ended.
    return found


def held(pid):
    """Private pages of all, and the files of the largest: programs that run many times share them."""
    anonymous, files = 0, 0
    for each in tree(pid):
        try:
            with open("/proc/%d/smaps_rollup" % each) as file:
                sizes = {line.split(":")[0]: int(line.split()[1]) for line in file if line.rstrip().endswith("kB")}
        except (OSError, ValueError):
            continue
        if "Rss" in sizes:
            anonymous += sizes["Pss_Anon"]
            files = max(files, sizes["Rss"] - sizes["Anonymous"])
    return (anonymous + files) / 1024


def main():
    mode, command = sys.argv[1], sys.argv[2:]
    report = os.fdopen(3, "w")
    os.set_inheritable(3, False)
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    most = 0.0
    while mode == "memory":
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        most = max(most, held(pid))
        time.sleep(0.02)
    else:
        _, status = os.waitpid(pid, 0)
    wall = time.monotonic() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {"wall": wall * 1000, "cpu": (used.ru_utime + used.ru_stime) * 1000, "memory": most or None}
    json.dump(answer, report)
    report.close()
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
