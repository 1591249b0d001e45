"""Limits of the wire, as stated in PROTOCOL.md. Sizes in bytes. And times, in seconds, that spool and sessions share."""

PROTOCOL = 1
CONTAINER = 1
MAGIC = b"\x89SRM"
PREFIX = 24
HEADER = 67108864
BODY = 1073741824
ATTACHMENTS = 4096
HEADER_DEPTH = 264
VALUE_DEPTH = 256
NUMBER_TEXT = 64
BIGINT_DIGITS = 4300
DIMENSIONS = 32
INLINE_OUTPUT = 8388608
OUTPUT = 67108864
# Estimated memory of the values of one header.
HEADER_MEMORY = 268435456
SAFE_INTEGER = 9007199254740991
RESERVE = 65536
TEXT = 65536

# Seconds between SIGINT, SIGTERM and SIGKILL to the group of a call that is to end.
GRACE = 0.5
# Instead of GRACE where the endpoint itself was told to end, and twice that for all of DRAIN: who told it kills it after a second.
HASTE = 0.4
# How long the pipes are read on after the process ended, while a process it started holds them open.
DRAIN = 1.0
# How long threads and exit handlers may take after the answer was given.
LINGER = 10.0
