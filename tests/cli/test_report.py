"""`tb-stability report`: exit codes, and a file that is written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tb_stability.cli.main import main
from tests.event_logs import DIVERGED, write_run

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    write_run(tmp_path / "logs" / "bad", losses=DIVERGED)
    write_run(tmp_path / "logs" / "good", range(30))
    return tmp_path / "logs"


def refusal(capsys: Capture, *arguments: object) -> str:
    """The sentence of a `report` that wrote nothing."""
    capsys.readouterr()
    assert main(["report", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tb-stability: ")
    assert err.count("\n") == 1
    return err


def test_the_exit_code_is_that_of_check(logdir: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "report.html"
    assert main(["report", str(logdir), "-o", str(file)]) == 1
    assert main(["report", str(logdir), "-o", str(file), "--fail-on", "never"]) == 0
    assert main(["report", str(logdir), "-o", str(file), "--run", "good"]) == 0
    assert f"{file}: 1 run, 0.0" in capsys.readouterr().out


def test_it_needs_no_name(logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", "logs"]) == 1
    file = tmp_path / "report.html"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~umask  # as of any other file
    assert sorted(p.name for p in tmp_path.iterdir()) == ["logs", "report.html"]


def test_an_earlier_report_is_replaced_and_no_other_file(
    logdir: Path, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "report.html"
    main(["report", str(logdir), "-o", str(file), "--run", "good"])
    before = file.read_text(encoding="utf-8")
    main(["report", str(logdir), "-o", str(file)])
    assert file.read_text(encoding="utf-8") != before
    other = tmp_path / "thesis.html"
    other.write_text("<!doctype html>\n<html><p>mine</p></html>", encoding="utf-8")
    assert "is no report of this program, so it is not replaced" in refusal(capsys, logdir, "-o", other)
    assert "mine" in other.read_text(encoding="utf-8")
    (event_file,) = (logdir / "good" / "stability").iterdir()
    assert "so it is not replaced" in refusal(capsys, logdir, "-o", event_file)


def test_what_is_no_place_for_a_file(logdir: Path, tmp_path: Path, capsys: Capture) -> None:
    assert "is a folder. Give a file, such as" in refusal(capsys, logdir, "-o", tmp_path)
    assert "there is no folder" in refusal(capsys, logdir, "-o", tmp_path / "nope" / "report.html")
    os.mkfifo(tmp_path / "pipe")
    assert "so it is not replaced" in refusal(capsys, logdir, "-o", tmp_path / "pipe")
    assert "cannot be written" in refusal(capsys, logdir, "-o", tmp_path / ("x" * 255 + ".html"))


def test_nothing_to_read_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    assert "there is no event file" in refusal(capsys, tmp_path, "-o", tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_earlier_report(
    logdir: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.html"
    main(["report", str(logdir), "-o", str(file)])
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    sentence = refusal(capsys, logdir, "-o", file)
    assert "cannot be written: No space left on device." in sentence
    assert file.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["logs", "report.html"]
