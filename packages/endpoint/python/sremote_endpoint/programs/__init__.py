"""Programs that come with the calls that need them, and so cost no other call anything (run/extension.py)."""
