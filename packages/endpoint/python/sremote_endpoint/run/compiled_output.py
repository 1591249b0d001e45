"""
What compiled code prints by C's stdio lies in a buffer of that library's. From when such code is there it leaves it line by line, and at the end of
each call.
"""
_flush = None


def begin():
    """Has it written line by line, so that it stands in order with what Python prints."""
    global _flush
    if _flush is not None:
        return
    try:
        import ctypes
        library = ctypes.PyDLL(None)
        for name in ("stdout", "__stdoutp"):
            try:
                stream = ctypes.c_void_p.in_dll(library, name)
            except ValueError:  # macOS has another name
                continue
            # _IOLBF is 1 in glibc, musl and the BSDs.
            library.setvbuf(stream, None, 1, ctypes.c_size_t(0))
            break
        _flush = library.fflush
    except Exception:  # a Python without ctypes: what is printed comes when the buffer is full, or the process ends
        _flush = int


def flush():
    begin()
    _flush(None) if _flush is not int else None
