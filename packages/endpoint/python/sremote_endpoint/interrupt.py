"""SIGINT in a warm worker: KeyboardInterrupt where user code runs, nothing where ours does, so that a late one cannot hit the machinery."""
import _signal as signal
from _thread import get_ident

# Is user code running? Is the main thread waiting where nothing is lost when it is interrupted?
running = False
_waiting = False
_main = None


def install():
    global _main
    _main = get_ident()
    signal.signal(signal.SIGINT, _interrupt)


def restore():
    """User code may have put its own handler in place; the next call starts anew."""
    if signal.getsignal(signal.SIGINT) is not _interrupt:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number, frame):
    if running or _waiting:
        raise KeyboardInterrupt


def begin():
    global running
    running = True


def end():
    global running
    running = False


def is_main():
    return get_ident() == _main


def wait(poll):
    """Waits until `poll` sees something. In the main thread SIGINT raises here."""
    global _waiting
    if get_ident() != _main:
        poll.poll()
        return
    try:
        _waiting = True
        poll.poll()
    finally:
        _waiting = False
