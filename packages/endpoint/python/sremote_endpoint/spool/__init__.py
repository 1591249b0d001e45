"""One call by files (PROTOCOL.md, "Spool")."""
