"""The version of the log format, as every summary carries it.

TensorBoard keeps the plugin content of the *first* event of a tag only, so it
says nothing that could change later, and it is short, since TensorFlow's own
writers repeat it in every event.
"""

from __future__ import annotations

import json
import reprlib

from tb_stability.summary.errors import LogFormatError, NewerVersionError

VERSION = 1
"""Version of the format that this package writes, and the newest that it reads."""

PLUGIN_CONTENT = json.dumps({"version": VERSION}).encode("ascii")
"""Plugin content of every summary of ours."""


def check_version(version: object, what: str) -> None:
    """Refuses what a newer package wrote; ignores nothing silently.

    Args:
      version: The `version` member as it was read.
      what: What carries it, for the sentence.

    Raises:
      NewerVersionError: If it is newer than `VERSION`.
      LogFormatError: If it is no positive integer.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise LogFormatError(f"{what} has no valid version: got {reprlib.repr(version)}, expected {VERSION}.")
    if version > VERSION:
        raise NewerVersionError(
            f"{what} was written in version {version} of the log format, and this tb-stability reads up to "
            f"version {VERSION}. Upgrade it with: pip install -U tb-stability"
        )


def check_plugin_content(content: bytes, what: str) -> None:
    """As `check_version`, for the plugin content of a summary."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):  # the former also for bytes that are no UTF-8
        document = None
    if not isinstance(document, dict):
        raise LogFormatError(f"{what} has damaged metadata: its plugin content is no JSON object.")
    check_version(document.get("version"), what)
