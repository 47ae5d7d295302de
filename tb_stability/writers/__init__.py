"""Writing a run in the log format; one file per way to reach a disk."""
