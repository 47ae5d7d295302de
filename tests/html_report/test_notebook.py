"""Runs as cells of a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

import tb_stability
from tb_stability.html_report import notebook
from tests.html_report.conftest import SCRIPT
from tests.html_report.report_page import Page


def test_a_run_is_a_verdict_and_its_windows(logdir: Path) -> None:
    (run,) = (run for run in tb_stability.load(logdir) if run.name == "diverged")
    cell = Page(run._repr_html_())
    assert cell.unbalanced == []
    assert cell.elements[0] == ("div", {"class": "tb-stability"})
    for sentence in (run.verdict.text, run.verdict.why, run.verdict.next, "Not finite", "from step 60 on"):
        assert sentence in cell.text


def test_a_list_of_runs_is_a_table(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tb_stability.load(logdir)
    cell = Page(runs._repr_html_())
    assert cell.unbalanced == []
    assert len(cell.find("tr")) == 1 + len(runs)
    assert "3 of 5 runs" in cell.text or "2 of 5 runs" in cell.text
    monkeypatch.setattr(notebook, "MAX_ROWS", 2)
    assert "and 3 more" in Page(runs._repr_html_()).text


def test_names_out_of_a_log_are_text(logdir: Path) -> None:
    runs = tb_stability.load(logdir)
    for cell in (runs._repr_html_(), *(run._repr_html_() for run in runs)):
        assert SCRIPT[:20] not in cell
        assert "<script" not in cell
        assert not {"\0", "\x1b", "\u202e"} & set(cell)


def test_its_style_stays_inside_of_the_cell() -> None:
    rules = notebook._STYLE.split("}")[:-1]
    assert len(rules) > 15
    assert all(part.startswith(".tb-stability") for rule in rules for part in rule.split("{")[0].split(","))
