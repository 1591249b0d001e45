"""What runs a function: for spool and sessions alike."""
