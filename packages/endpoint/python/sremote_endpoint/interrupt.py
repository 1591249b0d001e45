"""SIGINT in a warm worker: KeyboardInterrupt where user code runs, nothing where ours does, so that a late one cannot hit the machinery."""
import _signal as signal
from _thread import get_ident

# Does user code run?
running = False
# Does our code run on its behalf? Then an interrupt waits: until our code waits, or until user code goes on.
_held = False
_pending = False
# Does the main thread wait where nothing is lost when it is interrupted?
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
    global _pending
    if running or _waiting:
        raise KeyboardInterrupt
    _pending = _held


def is_main():
    return get_ident() == _main


def begin():
    """User code runs from now on."""
    global running, _held, _pending
    running = True
    _held = False
    if _pending:
        _pending = False
        raise KeyboardInterrupt


def hold():
    """Ours does on its behalf."""
    global running, _held
    _held = True
    running = False


def end():
    """Ours does, and nothing of the call can be interrupted any more."""
    global running, _held, _pending
    running = _held = _pending = False


def wait(poll):
    """Waits until `poll` sees something. In the main thread SIGINT raises here."""
    global _waiting, _pending
    if get_ident() != _main:
        poll.poll()
        return
    try:
        _waiting = True
        if _pending:
            _pending = False
            raise KeyboardInterrupt
        poll.poll()
    finally:
        _waiting = False
