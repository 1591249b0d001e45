"""SIGINT in a warm worker: KeyboardInterrupt where user code runs, nothing where ours does, so that a late one cannot hit the machinery."""
import _signal as signal
import sys
from _thread import get_ident

from ..host import standard

# Does user code run?
running = False
# Does our code run on its behalf? Then an interrupt waits: until our code waits, or until user code goes on.
_held = False
_pending = False
# Does the main thread wait where nothing is lost when it is interrupted?
_waiting = False
_main = None
# Called in place of raising KeyboardInterrupt, once.
_catcher = None
# Was the call that runs interrupted, and while a module was being imported? Such a one may be left in pieces.
met = in_import = False


def install():
    global _main
    _main = get_ident()
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number, frame):
    global _pending, _catcher, met, in_import
    met = running or _waiting or _held
    if running or _waiting:
        while frame is not None and not in_import:
            in_import = frame.f_code.co_filename.startswith("<frozen importlib")
            frame = frame.f_back
        catcher, _catcher = _catcher, None
        if catcher is None or _waiting:
            raise KeyboardInterrupt
        catcher()
    else:
        _pending = _held


handler = _interrupt


def catch(catcher):
    """Has the next interrupt call this, or raise again for None. What was to be called until now."""
    global _catcher
    before, _catcher = _catcher, catcher
    return before


def is_main():
    return get_ident() == _main


def pause():
    """Ours runs in between. Whether `go_on` is to end that."""
    if not running or get_ident() != _main:
        return False
    hold()
    return True


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


def go_on():
    """As `begin`, after `pause`."""
    begin()


def end():
    """Ours does, and nothing of the call can still be interrupted."""
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


standard.interrupts = sys.modules[__name__]
