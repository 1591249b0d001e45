"""Limits, as the tables in PROTOCOL.md and SESSION.md ("Limits") have them. Sizes in bytes, times in seconds."""

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
FAILURE_PART = 65536
# Characters of a text among the members; exceptions of its chain and groups; bytes of a source file that is read for its lines.
FAILURE_MEMBER = 1024
FAILURE_CAUSES = 16
FAILURE_FRAMES = 100
FAILURE_SOURCE = 4194304
# Failures of items in one message that are told in full.
FULL_FAILURES = 100

# Login files that wait for an answer at a terminal must not hold a call for ever.
LOGIN_SHELL = 30.0
# A call of the spool is ended once no client has waited for it for so long; how often an endpoint that waits says so, and the one that runs it looks.
AUDIENCE_PATIENCE = 40.0
AUDIENCE_LOOK = 5.0
# Between SIGINT, SIGTERM and SIGKILL to the group of a call that is to end.
SIGNAL_GRACE = 0.5
# Instead of it where the endpoint itself was told to end, and twice that for all of DRAIN: who told it kills it after a second.
HASTE = 0.4
# How long the pipes are read on after the process ended, while a process it started holds them open.
DRAIN = 1.0
# How long threads and exit handlers may take after the answer was given.
LINGER = 10.0

# Of shipped code: trees of one call; seconds until one that no process uses is removed, and between two looks for such trees.
CODE_TREES = 64
CODE_AGE = 604800.0
CODE_SWEEP = 86400.0

PACKET_PAYLOAD = 1048576
REQUEST_CREDIT = 65536
RUNNING_CREDIT = 4194304
OUTPUT_CREDIT = 262144
UNACKNOWLEDGED = 4194304
ACK_PACKETS = 256
ACK_BYTES = 262144
WORKERS = 1024
# Until the client must have said `hello`, which it sends together with the payload.
GREETING = 120.0
# Between SIGTERM and SIGKILL at the end of the lease.
LEASE_GRACE = 1.0
# Of the heartbeat, without a byte from the client.
SILENT_INTERVALS = 4
# Connections that try to resume at once, and the time each has to say who it is.
NEWCOMERS = 16
NEWCOMER_PATIENCE = 10.0
# Calls with `keep` of which is remembered where they ran, or why they gave no value.
KEPT_CALLS = 65536
# Of frames of `ask` longer than this, one is under way at a time: the client ends a session whose calls ask for more than 8 MiB together.
LARGE_ASK = 65536

# Of an interpreter: characters of snippets that are kept for tracebacks; characters of the text that stands for a value; parts of one result, and
# characters and bytes of them all together.
SNIPPET_LINES = 4194304
REPR = 65536
PARTS = 256
PART_BYTES = 33554432
# How long items run until a part with their results is sent.
PART_PACE = 0.005
