"""The messages and values of PROTOCOL.md and SESSION.md as bytes, and back. Knows no files, processes or descriptors."""
