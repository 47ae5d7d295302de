"""`--baseline`: what is new in a run against one that is known, and the exit code of that."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tb_stability.baseline import RANK, compare
from tb_stability.cli.main import main
from tb_stability.report import Diagnosis, Fix, RunReport, Status, Steps, Verdict
from tb_stability.verdict import STATUSES
from tb_stability.windows import Severity, Window
from tb_stability.writers.event_file import EventFileWriter

Capture = pytest.CaptureFixture[str]


def window(kind: str, severity: Severity = "warning") -> Window:
    return Window(kind, "loss", None, (), 1, 2, 3, 2, 2.0, severity)


def report(status: Status, *windows: Window, causes: tuple[str, ...] = ()) -> RunReport:
    diagnoses = tuple(Diagnosis(cause, "likely", None, 1, "Why.", Fix("Fix.", ""), ()) for cause in causes)
    verdict = Verdict(status, "text", "why", "next")
    return RunReport(Steps(0, 9, 10, 10), windows, verdict, (), diagnoses=diagnoses)


def write(log_dir: Path, written: RunReport) -> None:
    writer = EventFileWriter(str(log_dir))
    writer.write_report(9, written, state="ended")
    writer.close()


def test_every_status_has_a_rank() -> None:
    assert set(RANK) == set(STATUSES)


def test_what_the_baseline_has_is_not_new() -> None:
    before = report("unstable", window("loss_spike"), causes=("dying_relu",))
    same = report("unstable", window("loss_spike"), window("loss_spike"), causes=("dying_relu",))
    assert not compare(same, before).is_new
    assert not compare(report("healthy"), before).is_new  # what is gone does not count
    assert compare(report("healthy"), before).text == "nothing new."


def test_a_worse_status_a_kind_and_a_cause_are_new() -> None:
    before = report("warning", window("loss_spike"))
    worse = compare(report("diverged"), before)
    assert (worse.is_worse, worse.is_new, worse.text) == (True, True, "diverged, was warning.")
    kind = compare(report("warning", window("non_finite"), window("bn_drift", "info")), before)
    assert (kind.is_worse, kind.is_new, kind.kinds) == (False, True, ("non_finite",))  # no information
    cause = compare(report("warning", causes=("dying_relu",)), before)
    assert (cause.is_new, cause.text) == (True, "cause: Dying ReLU.")
    was_info = report("warning", window("loss_spike", "info"))
    assert compare(report("warning", window("loss_spike")), was_info).kinds == ("loss_spike",)


def test_a_suspicion_is_not_new() -> None:
    """Kills: a check that fails since what is only possible differs from run to run."""
    before = report("unstable", window("loss_spike"), causes=("dying_relu",))
    after = report("unstable", window("loss_spike"), causes=("dying_relu", "outlier_batch"))
    possible = dataclasses.replace(after.diagnoses[1], confidence="possible")
    assert compare(after, before).is_new
    after = dataclasses.replace(after, diagnoses=(after.diagnoses[0], possible))
    assert not compare(after, before).is_new


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    """A baseline that has always been unstable, one run like it, and one with something new."""
    write(tmp_path / "main", report("unstable", window("loss_spike")))
    write(tmp_path / "same", report("unstable", window("loss_spike")))
    write(tmp_path / "new", report("unstable", window("loss_spike"), window("dead_units")))
    return tmp_path


def test_only_something_new_at_the_bar_fails(logdir: Path) -> None:
    """Kills: the baseline judged like the others; a bar that is forgotten; any difference that fails."""
    check = ["check", str(logdir), "--baseline", "main"]
    assert main(["check", str(logdir)]) == 1
    assert main(check) == 1
    assert main([*check, "--run", "same"]) == 0
    assert main([*check, "--run", "new", "--fail-on", "never"]) == 0
    write(logdir / "warned", report("warning", window("dead_units")))
    assert main([*check, "--run", "warned"]) == 0
    assert main([*check, "--run", "warned", "--fail-on", "warning"]) == 1


def test_every_format_says_what_is_new(logdir: Path, capsys: Capture) -> None:
    check = ["check", str(logdir), "--baseline", "main", "--format"]
    main([*check, "text"])
    out = capsys.readouterr().out
    assert "\n  New:  dead units.\n" in out
    assert "\n  New:  nothing new.\n" in out
    assert out.count("New:") == 2
    main([*check, "markdown"])
    out = capsys.readouterr().out
    assert "| run | verdict | what | new against main |" in out
    assert "| new | unstable | text | dead units. |" in out
    assert "| main | unstable | text | the baseline |" in out
    main([*check, "json"])
    assert json.loads(capsys.readouterr().out)["baseline"] == {
        "run": "main",
        "differences": [
            {
                "run": name,
                "status": "unstable",
                "status_before": "unstable",
                "worse": False,
                "windows": kinds,
                "causes": [],
            }
            for name, kinds in (("new", ["dead_units"]), ("same", []))
        ],
    }


def test_the_report_has_it_too(logdir: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert main(["report", str(logdir), "-o", str(file), "--baseline", "main"]) == 1
    source = file.read_text(encoding="utf-8")
    assert "New against the baseline" in source
    assert source.count("Against the baseline: <bdi>dead units.</bdi>") == 1
    assert "<em>the baseline</em>" in source


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--baseline", "nope"),
            "--baseline must be the name of a run: got 'nope'. There are: main, new, same.",
        ),
        (("--baseline", "main", "--run", "main"), "there is no run to compare with the baseline 'main'."),
        (("--baseline", "main", "--run", "zzz"), "there is no run to compare with the baseline 'main'."),
    ],
)
def test_a_baseline_that_does_not_serve(
    logdir: Path, capsys: Capture, arguments: tuple[str, ...], sentence: str
) -> None:
    assert main(["check", str(logdir), *arguments]) == 2
    assert capsys.readouterr().err == f"tb-stability: {sentence}\n"


def test_a_baseline_that_cannot_be_read(
    logdir: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_stability.writers.summaries.PLUGIN_CONTENT", b'{"version": 2}')
    write(logdir / "newer", report("healthy"))
    assert main(["check", str(logdir), "--baseline", "newer"]) == 2
    assert "the baseline 'newer' could not be read" in capsys.readouterr().err
    assert main(["check", str(logdir), "--baseline", "main", "--run", "main|newer"]) == 2
    assert main(["check", str(logdir), "--baseline", "main", "--run", "same|newer"]) == 0
