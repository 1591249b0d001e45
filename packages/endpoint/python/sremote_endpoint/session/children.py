"""What a worker does after a call that has started processes."""
import os
import sys

from ..wire.packet import PIPES

# Modules that know which executors there are.
_POOLS = ("concurrent.futures.process", "joblib.externals.loky.process_executor", "loky.process_executor")


def are_kept():
    """Whether there is a pool of them, which works for later calls too: what it prints belongs to the call that runs then."""
    try:
        if any(getattr(sys.modules.get(name), "_threads_wakeups", None) or getattr(sys.modules.get(name), "_threads_queues", None) for name in _POOLS):
            return True
        children = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
        return any("PoolWorker" in process.name and process.is_alive() for process in list(children))
    except Exception:  # what user code has put there
        return False


def take_new_pipes(channel):
    """The supervisor sends two, and their reading ends: processes of this call keep the old ones, so that what they write later is not taken for the next call's."""
    from _socket import AF_UNIX, CMSG_SPACE, SOCK_STREAM, socket
    end = socket(AF_UNIX, SOCK_STREAM, 0, fileno=channel.fd)
    fds = []

    def receive(_, size):
        data, extras, _, _ = end.recvmsg(size, CMSG_SPACE(16))
        for extra in extras:
            fds.extend(memoryview(extra[2]).cast("i"))
        return data

    try:
        channel.skip_to(PIPES, receive)
    finally:
        end.detach()
    channel.watch_output(fds[2:])
    for fd, target in zip(fds, (1, 2)):
        os.dup2(fd, target)
        os.set_inheritable(target, True)
        os.close(fd)
