"""How often the kernel killed for lack of memory in our control group, and the group's limit (Linux; cgroups(7))."""


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _groups():
    """(version, controllers, path) of each line of /proc/self/cgroup."""
    try:
        lines = _read("/proc/self/cgroup").decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.split(":", 2) for line in lines if line.count(":") >= 2]


def _candidates(name_v2, name_v1):
    for number, controllers, path in _groups():
        if number == "0" and controllers == "":
            yield "/sys/fs/cgroup%s/%s" % (path.rstrip("/"), name_v2)
            yield "/sys/fs/cgroup/unified%s/%s" % (path.rstrip("/"), name_v2)
        elif "memory" in controllers.split(","):
            yield "/sys/fs/cgroup/memory%s/%s" % (path.rstrip("/"), name_v1)


def _read_first(names):
    for path in names:
        try:
            return _read(path)
        except OSError:
            continue
    return None


def out_of_memory_kills():
    """The group's counter `oom_kill`, or None where it cannot be known."""
    content = _read_first(_candidates("memory.events", "memory.oom_control"))
    for line in (content or b"").splitlines():
        if line.startswith(b"oom_kill "):
            return int(line.split()[1])
    return None


def memory_limit():
    """The group's limit in bytes, or None."""
    content = (_read_first(_candidates("memory.max", "memory.limit_in_bytes")) or b"").strip()
    # Version 1 says "no limit" with a number near 2**63.
    return int(content) if content.isdigit() and int(content) < 1 << 60 else None
