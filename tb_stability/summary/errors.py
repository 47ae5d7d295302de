"""The errors of reading a log."""

from __future__ import annotations


class LogFormatError(ValueError):
    """A log cannot be read: damaged, or written by a newer version.

    Its text is a sentence for the person who opened the log.
    """


class NewerVersionError(LogFormatError):
    """A log was written by a newer version of this package."""
