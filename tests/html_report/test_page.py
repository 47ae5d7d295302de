"""The file that `tb-stability report` writes: what is in it, and what is not."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from tb_stability import load
from tb_stability.cli.main import main
from tb_stability.version import __version__
from tests.event_logs import DIVERGED, write_run
from tests.html_report.conftest import SCRIPT
from tests.html_report.report_page import Page


@pytest.fixture(scope="module")
def source(logdir: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of all runs."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    assert main(["report", str(logdir), "-o", str(file)]) == 1
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source.removeprefix("<!doctype html>\n"))


def test_five_runs_fit_in_two_megabytes(source: str) -> None:
    assert 50_000 < len(source.encode()) < 2_000_000


def test_every_verdict_window_and_check_is_in_it(page: Page, logdir: Path) -> None:
    runs = load(logdir)
    assert len(runs) == 5
    text = " ".join(page.text.split())
    for run in runs:
        for sentence in (run.verdict.text, run.verdict.why, run.verdict.next, *run.problems):
            assert " ".join(sentence.split())[:1000] in text
        for check in run.report.checks:
            assert check.reason in text
    rows = [a for a in page.find("span") if a.get("class", "").startswith("letter ")]
    windows = [window for run in runs for window in run.windows]
    kinds = {window.kind for window in windows}
    assert len(rows) == len(windows) + len(kinds)  # each in its table, and its letter explained
    bars = [a for a in page.find("g") if a.get("class", "").startswith("bar ")]
    assert len(bars) == 2 * len(windows)  # in the lanes of all runs, and in those of its own


def test_it_says_who_made_it_and_when(page: Page) -> None:
    assert re.search(r"read 20\d\d-\d\d-\d\d \d\d:\d\d UTC", page.text)
    assert f"Made by tb-stability {__version__}, which reads version 1 of the log format." in page.text


def test_it_is_well_formed_and_its_links_lead_somewhere(page: Page) -> None:
    assert page.unbalanced == []
    targets = [a["href"] for a in page.find("a")]
    assert len(targets) == 5
    assert {target.removeprefix("#") for target in targets} <= {
        a["id"] for a in page.find("section") if "id" in a
    }


def test_it_needs_and_allows_nothing_from_outside(source: str, page: Page) -> None:
    """Kills: a style attribute, a changed style sheet whose hash is not, a forgotten directive."""
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "link", "base", "form", "img"}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name in ("style", "src") or name.startswith("on")]
        assert attributes.get("href", "#")[0] == "#" or (
            tag == "image" and attributes["href"].startswith("data:image/png;base64,")
        )
    (policy,) = (a["content"] for a in page.find("meta") if a.get("http-equiv") == "Content-Security-Policy")
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    (style,) = re.findall("<style>(.*?)</style>", source, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert directives == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert "@import" not in style
    assert "url(" not in style


def test_a_spike_of_two_steps_among_many_is_drawn(page: Page, source: str) -> None:
    """Kills: lines of means without an envelope, and a close-up that is left out."""
    assert "Where it began: steps " in page.text
    section = source[source.index("<bdi>spike</bdi></h2>") :]
    whole = section[section.index("The whole run") :]
    chart = whole[whole.index('aria-label="Loss over steps') : whole.index('aria-label="Learning rate')]

    def highest(style: str) -> float:
        """In pixels from the top; the paths of a line, or of its envelope."""
        paths = "".join(re.findall(rf'd="(M[^"]+)" class="line-1 {style}"', chart))
        return min(float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", paths))

    assert highest("envelope") < highest("line") - 5  # a column has four steps: its mean is far lower
    assert highest("envelope") < 15


def test_hostile_names_are_text(source: str, page: Page) -> None:
    assert SCRIPT not in source
    assert "<img" not in source
    assert not {"\0", "\x1b", "\u202e", "\u200f"} & set(source)
    assert max(map(len, re.findall("x+", source))) < 200
    assert "<img src=x onerror=alert(1)>" in page.text


def test_only_the_runs_that_were_asked_for(logdir: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert main(["report", str(logdir), "-o", str(file), "--run", "^healthy$"]) == 0
    shown = Page(file.read_text(encoding="utf-8").removeprefix("<!doctype html>\n"))
    assert [a["id"] for a in shown.find("section") if "id" in a] == ["run-0"]
    assert "Training is stable over the 200 steps seen." in shown.text


def test_of_very_many_runs_the_worst_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_stability.html_report.making.MOST_DRAWN", 1)
    write_run(tmp_path / "a", range(20))
    write_run(tmp_path / "b", losses=DIVERGED)
    main(["report", str(tmp_path), "-o", str(tmp_path / "report.html")])
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    healthy, diverged = source.split('id="run-1"')
    assert "Not drawn: a report has pictures of the 1 worst runs." in healthy
    assert "Loss over steps" not in healthy
    assert "Loss over steps" in diverged
