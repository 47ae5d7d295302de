"""Colours where there is a terminal to show them, and none of them out of a log."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tb_stability.cli.main import main
from tb_stability.report import RunReport, Steps, Verdict
from tb_stability.windows import Window
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import write_run

COLOR = re.compile(r"\x1b\[[\d;]*m")


def write_verdict(log_dir: Path, text: str) -> None:
    window = Window("loss_spike", "loss", text, (text,), 1, 1, 2, 1, 2.0, "warning")
    report = RunReport(Steps(0, 9, 10, 10), (window,), Verdict("diverged", text, text, text), ())
    writer = EventFileWriter(str(log_dir))
    writer.write_report(9, report, state="ended")
    writer.close()


RUN = "import sys; from tb_stability.cli.main import main; sys.exit(main())"


def in_a_terminal(*arguments: str, code: str = RUN) -> tuple[int, str]:
    """The exit code of the command, and all that its terminal was sent."""
    ours, theirs = pty.openpty()
    environment = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")
    }
    environment["TERM"] = "xterm-256color"
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        sent = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not block:
                break
            sent += block
    os.close(ours)
    return process.returncode, sent.decode()


def test_a_terminal_gets_the_same_text_in_colour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: markup that is taken out of a name, colours in a file, escape codes that pass."""
    write_verdict(tmp_path / "bad [red]x[", "[bold]a[/bold] :smile: \x1b[2J\x9b31m end")
    write_run(tmp_path / "good", range(20))
    code, shown = in_a_terminal("check", str(tmp_path))
    assert code == main(["check", str(tmp_path)]) == 1
    plain = capsys.readouterr().out
    assert not COLOR.search(plain)
    assert "\x1b[1;31mbad [red]x[: DIVERGED" in shown
    assert "\x1b[1;32mgood: HEALTHY" in shown
    assert "[bold]a[/bold] :smile: ?[2J?31m end" in shown
    assert COLOR.sub("", shown).replace("\r\n", "\n").endswith(f"\x1b[2K{plain}")  # the bar is gone


def test_without_rich_it_is_plain(tmp_path: Path) -> None:
    write_run(tmp_path / "good", range(20))
    hidden = f"import sys; sys.modules['rich'] = None; {RUN}"
    code, shown = in_a_terminal("check", str(tmp_path), code=hidden)
    assert code == 0
    assert "\x1b" not in shown
    assert "good: HEALTHY" in shown
    code, shown = in_a_terminal("report", str(tmp_path), "-o", str(tmp_path / "report.html"), code=hidden)
    assert (code, shown.count("\n")) == (0, 1)


def test_a_report_shows_its_progress_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    write_run(tmp_path / "good", range(20))
    file = tmp_path / "report.html"
    code, shown = in_a_terminal("report", str(tmp_path), "-o", str(file))
    assert code == 0
    assert "Reading" in shown
    assert "Drawing" in shown
    assert COLOR.sub("", shown).rstrip().endswith(" MB")
