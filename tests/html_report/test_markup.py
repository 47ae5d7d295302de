"""What comes out of a log is text, however it looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.html_report import markup
from tb_stability.html_report.markup import Html, element, join
from tb_stability.plain import plain, plain_code, shorten
from tests.html_report.report_page import Page

anything = st.text(max_size=60) | st.sampled_from(
    [
        "<img src=x onerror=alert(1)>",
        "a\0b",
        "</bdi><script>alert(1)</script>",
        "\u202egnp.exe",
        "&lt;",
        '"x" y=',
    ]
)


@given(anything, anything)
def test_text_is_never_an_element_nor_an_attribute(text: str, value: str) -> None:
    """Kills: an escape that is left out, or done twice."""
    page = Page(element("p", markup.name(text), text, title=value))
    assert page.unbalanced == []
    assert page.elements == [("p", {"title": plain_code(value)}), ("bdi", {})]
    lines = "\n".join(plain_code(line) for line in text.split("\n"))
    assert page.text == "".join(f"{shown}\n" for shown in (plain(text), lines) if shown)


@given(anything)
def test_nothing_that_steers_a_reader_is_left(text: str) -> None:
    shown = join([markup.name(text), markup.sentence(text), markup.code_block(text), element("p", text)])
    assert not {"\0", "\x1b", "\u202e", "\u200f"} & set(shown)


def test_a_name_of_ten_thousand_characters_keeps_its_ends() -> None:
    shown = Page(markup.name("start" + "x" * 10_000 + "end")).text.strip()
    assert len(shown) == markup.MAX_NAME
    assert shown.startswith("startx")
    assert shown.endswith("xend")
    assert "…" in shown
    assert len(markup.sentence("word " * 10_000)) < 2 * markup.MAX_SENTENCE
    assert len(markup.code_block("x" * 10_000)) < 2 * markup.MAX_CODE_LINE


@pytest.mark.parametrize("length", range(1, 12))
def test_what_is_shortened_has_the_length_that_was_asked_for(length: int) -> None:
    assert len(shorten("0123456789", length)) == min(length, 10)


def test_markup_is_not_escaped_again() -> None:
    assert element("p", Html("<b>x</b>"), None, "<") == "<p><b>x</b>&lt;</p>"
    assert element("meta", http_equiv="x", class_=None) == '<meta http-equiv="x">'
