"""Markdown for a pull request: no name out of a log makes a link, a mention or markup in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tb_stability.cli.main import main
from tb_stability.report import Diagnosis, Evidence, Finding, Fix, RunReport, Status, Steps, Verdict
from tb_stability.windows import Window
from tb_stability.writers.event_file import EventFileWriter

Capture = pytest.CaptureFixture[str]

HOSTILE = (
    "<script>alert(1)</script>",
    "</details></summary>",
    "| a | b |",
    "[x](http://example.com)",
    "https://example.com",
    "WWW.example.com",
    "@someone",
    "fixes #1",
    "owner/name#2",
    "`code` ```",
    "$x$",
    "a\n\n# heading\n---",
    "*bold* _it_ ~~gone~~",
    "\x1b[31m\0\u202e",
)


def write(log_dir: Path, name: str, *, status: Status) -> None:
    diagnosis = Diagnosis(
        "dying_relu", "likely", name, 1, name, Fix(name, f"# {name}"), (Evidence("k", name, True),)
    )
    window = Window("loss_spike", name, name, (name,), 1, 1, 2, 1, 2.0, "critical")
    report = RunReport(
        Steps(0, 9, 10, 10),
        (window,),
        Verdict(status, name, name, name),
        (),
        findings=(Finding("k", name, f"A {name}"),),
        diagnoses=(diagnosis,),
    )
    writer = EventFileWriter(str(log_dir))
    writer.write_report(9, report, state="ended")
    writer.close()


@pytest.mark.parametrize("status", ["diverged", "healthy"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_text(tmp_path: Path, capsys: Capture, name: str, status: Status) -> None:
    write(tmp_path / re.sub(r"[/\0\n]", "", name), name, status=status)
    main(["check", str(tmp_path), "--format", "markdown"])
    out = capsys.readouterr().out
    prose = re.sub(r"```python\n.*?\n```", "", out, flags=re.S)
    assert out.count("```") == 2  # the block of code ends where it should
    allowed = {"details", "/details", "summary", "/summary"}
    assert set(re.findall(r"<([^>]*)>", prose)) <= allowed
    assert prose.count("<details>") == prose.count("</details>") == prose.count("<summary>")
    # What GitHub looks for in the text of what it made of the Markdown, escapes and entities resolved.
    assert not re.search(r"[@#](?!&#8203;)\w|://|www\.", re.sub(r"&#\d+;", "\u200b", prose), re.I)
    unescaped = re.sub(r"\\.", "", prose)
    assert not re.search(r"\]\(|[`$~]|(?<!\*)\*(?!\*)", unescaped)
    assert not {"\x1b", "\0", "\u202e"} & set(out)
    for row in (line for line in prose.splitlines() if line.startswith("|")):
        columns = re.sub(r"\\\|", "", row).count("|") - 1
        assert columns in (3, 6)


def test_runs_that_are_fine_are_folded_in(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path / "bad", "x", status="unstable")
    write(tmp_path / "good", "y", status="healthy")
    main(["check", str(tmp_path), "--format", "markdown"])
    out = capsys.readouterr().out
    assert out.startswith(
        "### Training stability\n\n1 of 2 runs is unstable: bad.\n\n| run | verdict | what |\n"
    )
    assert "\n#### bad: unstable\n" in out
    assert "\n<details><summary>good: healthy</summary>\n\n- **Verdict:** y\n" in out


def test_a_comment_has_room_for_very_long_names_and_many_windows(tmp_path: Path, capsys: Capture) -> None:
    windows = tuple(Window("loss_spike", "loss", None, (), s, s, s, s, 2.0, "info") for s in range(5000))
    report = RunReport(Steps(0, 9, 10, 10), windows, Verdict("diverged", "x" * 10_000, "", ""), ())
    writer = EventFileWriter(str(tmp_path / ("y" * 200)))
    writer.write_report(9, report, state="ended")
    writer.close()
    main(["check", str(tmp_path), "--format", "markdown"])
    out = capsys.readouterr().out
    assert len(out) < 65_536
    assert "... and 4900 more windows" in out
