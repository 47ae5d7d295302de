"""The report of a log directory as one HTML file, and runs as cells of a notebook.

No script, no network, no style but its own: it opens from a disk, in a mail, and years later.
"""
