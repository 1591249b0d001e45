"""Sessions: the supervisor, its workers, and what they say to each other (SESSION.md)."""
