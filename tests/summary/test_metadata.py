"""The version that every summary carries."""

from __future__ import annotations

import pytest

from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.metadata import PLUGIN_CONTENT, check_plugin_content


def test_our_own_content_is_accepted_and_short() -> None:
    check_plugin_content(PLUGIN_CONTENT, "a tag")
    assert len(PLUGIN_CONTENT) < 100  # writers of TensorFlow repeat it in every event


def test_members_that_are_not_known_are_ignored() -> None:
    check_plugin_content(b'{"version": 1, "writer": "me"}', "a tag")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"version": 2}', "a tag was written in version 2 of the log format, and this .* up to version 1"),
        (b"", "a tag has damaged metadata"),
        (b"\xff\xfe", "damaged metadata"),
        (b"1", "damaged metadata"),
        (b'{"version": 0}', "no valid version: got 0"),
        (b"{}", "no valid version: got None"),
    ],
)
def test_a_newer_or_damaged_version_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(LogFormatError, match=sentence):
        check_plugin_content(content, "a tag")
