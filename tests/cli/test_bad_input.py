"""What cannot be read is said in one sentence on stderr, with exit code 2 and never a traceback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tb_stability.cli.main import main
from tests.event_logs import DIVERGED, losses, write_run, write_scalars

Capture = pytest.CaptureFixture[str]


def refusal(capsys: Capture, *arguments: str) -> str:
    """The sentence of a `check` that could not read anything."""
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tb-stability: ")
    assert err.count("\n") == 1
    return err


def test_a_directory_that_does_not_exist(tmp_path: Path, capsys: Capture) -> None:
    assert "there is no directory" in refusal(capsys, str(tmp_path / "nope"))


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such a name")
def test_a_name_that_is_no_text(tmp_path: Path, capsys: Capture) -> None:
    write_run(tmp_path / "exp1")
    os.mkdir(os.fsencode(tmp_path / "exp1") + b"/\xfcber")
    assert r"reads no such names: b'\xfcber'. Rename it." in refusal(capsys, str(tmp_path))


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may read everything")
def test_a_directory_that_may_not_be_read(tmp_path: Path, capsys: Capture) -> None:
    write_run(tmp_path / "exp1")
    (tmp_path / "exp1").chmod(0)
    try:
        sentence = refusal(capsys, str(tmp_path))
    finally:
        (tmp_path / "exp1").chmod(0o700)
    assert "exp1" in sentence


def test_a_directory_that_is_empty(tmp_path: Path, capsys: Capture) -> None:
    assert "there is no event file" in refusal(capsys, str(tmp_path))


def test_a_file(tmp_path: Path, capsys: Capture) -> None:
    write_run(tmp_path)
    (file,) = (tmp_path / "stability").iterdir()
    sentence = refusal(capsys, str(file))
    assert "is a file. Give the directory that it is in" in sentence
    assert repr(str(tmp_path / "stability")) in sentence


def test_logs_without_a_loss(tmp_path: Path, capsys: Capture) -> None:
    write_scalars(tmp_path / "exp1", "accuracy", losses(5))
    sentence = refusal(capsys, str(tmp_path))
    assert "no run in" in sentence
    assert "StabilityCallback" in sentence


def test_a_newer_version(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_stability.writers.summaries.PLUGIN_CONTENT", b'{"version": 2}')
    write_run(tmp_path / "exp1")
    sentence = refusal(capsys, str(tmp_path))
    assert "run 'exp1' could not be read" in sentence
    assert "version 2" in sentence


def test_a_newer_version_among_others_is_said_and_the_others_are_judged(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "good")
    monkeypatch.setattr("tb_stability.writers.summaries.PLUGIN_CONTENT", b'{"version": 2}')
    write_run(tmp_path / "newer")
    assert main(["check", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert "run 'newer' could not be read" in err
    assert "newer: UNKNOWN" in out
    assert "good: HEALTHY" in out


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_is_cut_anywhere(tmp_path: Path, capsys: Capture, share: float) -> None:
    write_run(tmp_path / "exp1", losses=DIVERGED, block_steps=10)
    (file,) = (tmp_path / "exp1" / "stability").iterdir()
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    code = main(["check", str(tmp_path)])
    out, err = capsys.readouterr()
    assert code in ((2,) if share < 0.01 else (0, 1) if share < 0.9 else (1,))
    assert bool(out) == (code != 2)
    assert err.count("\n") == (code == 2)


@pytest.mark.parametrize("place", [8, 100, 0.3, 0.7])
def test_a_file_with_damaged_bytes(tmp_path: Path, capsys: Capture, place: float) -> None:
    write_run(tmp_path / "exp1", losses=DIVERGED, block_steps=10)
    (file,) = (tmp_path / "exp1" / "stability").iterdir()
    data = bytearray(file.read_bytes())
    start = place if isinstance(place, int) else int(len(data) * place)
    data[start : start + 16] = bytes(b ^ 0xFF for b in data[start : start + 16])
    file.write_bytes(data)
    assert main(["check", str(tmp_path)]) in (0, 1, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_a_pattern_that_is_no_regular_expression(tmp_path: Path, capsys: Capture) -> None:
    write_run(tmp_path)
    assert "--run must be a regular expression: got '('" in refusal(capsys, str(tmp_path), "--run", "(")


def test_a_pattern_that_matches_no_run(tmp_path: Path, capsys: Capture) -> None:
    write_run(tmp_path / "exp1", range(3))
    write_run(tmp_path / "exp2", range(3))
    assert "There are: exp1, exp2" in refusal(capsys, str(tmp_path), "--run", "nope")


@pytest.mark.parametrize(
    "arguments", [[], ["check"], ["check", "x", "--format", "yaml"], ["check", "x", "--fail-on", "no"]]
)
def test_wrong_arguments(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: tb-stability" in capsys.readouterr().err
