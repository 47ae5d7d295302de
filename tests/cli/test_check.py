"""`tb-stability check`: verdicts in three formats, and exit codes that scripts rely on."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tb_stability.cli.main import main
from tb_stability.model_facts import ModelFacts
from tb_stability.report import Cost, Final, RunReport, Status, Steps, Verdict
from tb_stability.series import Layout, Variable
from tb_stability.windows import Window
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import DIVERGED, losses, write_run, write_scalars
from tests.plugin.server import Server


def write_verdict(log_dir: Path, status: str) -> None:
    """A run whose report has this status."""
    report = RunReport(Steps(0, 9, 10, 10), (), Verdict(status, "text", "why", "next"), ())
    writer = EventFileWriter(str(log_dir))
    writer.write_report(9, report, state="ended")
    writer.close()


@pytest.mark.parametrize(
    ("status", "warning", "unstable", "never"),
    [
        ("healthy", 0, 0, 0),
        ("unknown", 0, 0, 0),
        ("warning", 1, 0, 0),
        ("not_learning", 1, 1, 0),
        ("unstable", 1, 1, 0),
        ("diverged", 1, 1, 0),
    ],
)
def test_the_exit_code_says_whether_a_run_is_at_or_above_the_bar(
    tmp_path: Path, status: str, warning: int, unstable: int, never: int
) -> None:
    write_verdict(tmp_path / "good", "healthy")
    write_verdict(tmp_path / "run", status)
    logdir = str(tmp_path)
    assert main(["check", logdir]) == unstable  # the default
    assert main(["check", logdir, "--fail-on", "warning"]) == warning
    assert main(["check", logdir, "--fail-on", "unstable"]) == unstable
    assert main(["check", logdir, "--fail-on", "never"]) == never
    assert main(["check", logdir, "--run", "good"]) == 0  # the other run is not looked at


def write_repeated(log_dir: Path, loss: float, status: Status = "healthy") -> None:
    """A run of a configuration that others have, too, which ended at this loss."""
    report = RunReport(Steps(0, 399, 400, 400), (), Verdict(status, "text", "why", "next"), ())
    repeated = dataclasses.replace(
        report, model=ModelFacts("fit", digest="abc"), final=Final(2.3, loss, 0.01, learning_rate=0.1)
    )
    writer = EventFileWriter(str(log_dir))
    writer.write_report(399, repeated, state="ended")
    writer.close()


@pytest.mark.parametrize(
    ("status", "loss", "warning", "unstable"),
    [("healthy", 0.31, 0, 0), ("healthy", 1.4, 1, 0), ("diverged", 0.3, 1, 1)],
    ids=["runs that agree", "runs that end differently", "a run that breaks down"],
)
def test_the_exit_code_looks_at_groups(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    status: Status,
    loss: float,
    warning: int,
    unstable: int,
) -> None:
    """Kills: a bar that only single runs are held against; a group that counts against a baseline."""
    write_repeated(tmp_path / "seed_1", 0.3)
    write_repeated(tmp_path / "seed_2", loss, status)
    arguments = [str(tmp_path), "--fail-on", "warning"]
    assert main(["check", str(tmp_path)]) == unstable
    assert main(["check", *arguments]) == warning
    assert main(["report", *arguments, "-o", str(tmp_path / "report.html")]) == warning
    assert ("2 repeated runs end differently" in capsys.readouterr().out) == (warning and not unstable)
    assert main(["check", *arguments, "--run", "seed_1"]) == 0  # a run alone is no group
    assert main(["check", *arguments, "--baseline", "seed_1"]) == unstable


def test_json_is_the_document_of_the_http_api(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "bad", losses=DIVERGED)
    write_scalars(tmp_path / "keras" / "train", "epoch_loss", losses(20))
    assert main(["check", str(tmp_path), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == Server(tmp_path).get("/runs").get_json()


def test_json_has_no_number_that_json_has_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "bad", losses=DIVERGED)
    main(["check", str(tmp_path), "--format", "json"])

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    document = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert document["runs"][0]["windows"][0]["peak_score"] == "Infinity"


def test_text_says_what_why_next_when_and_what_was_not_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "bad", losses=DIVERGED)
    write_run(tmp_path / "good")
    main(["check", str(tmp_path)])
    out = capsys.readouterr().out
    bad, good, total = out.strip().split("\n\n")
    assert bad.startswith("bad: DIVERGED\n")
    assert "Why:  " in bad
    assert "Next: " in bad
    assert "critical  non_finite  -      60-end  60     NaN/Inf at 60" in bad
    assert "Not checked: vanishing_gradient (the model has" in bad
    assert "Steps: 0 to 99, 100 seen, 100 in the log" in good
    assert total == f"{tmp_path}: 1 of 2 runs diverged: bad."
    assert max(map(len, out.splitlines()[:-1])) <= 100


def test_what_recording_cost_is_said_in_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "Stability cost 1.8 % of step time, every step observed."
    cost = Cost(math.inf, math.nan, 1, 10, sentence)
    report = RunReport(Steps(0, 9, 10, 10), (), Verdict("healthy", "text", "why", "next"), (), cost)
    writer = EventFileWriter(str(tmp_path / "exp1"))
    writer.write_report(9, report, state="ended")
    writer.close()
    write_scalars(tmp_path / "keras" / "train", "epoch_loss", losses(20))
    out = {}
    for format in ("text", "markdown", "json"):
        main(["check", str(tmp_path), "--format", format])
        out[format] = capsys.readouterr().out
    assert f"\n  {sentence}\n" in out["text"]
    assert f"\n- **Cost:** {sentence}\n" in out["markdown"]
    ours, theirs = json.loads(out["json"])["runs"]
    members = {"budget": "Infinity", "share": "NaN", "every": 1, "full_steps": 10, "text": sentence}
    assert (ours["cost"], theirs["cost"]) == (members, None)
    assert out["text"].count("Stability cost") == 1  # nothing of what is not known


def test_text_stays_a_screenful_and_says_what_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    windows = tuple(
        Window("loss_spike", "loss", None, (), s, s, s, s, 2.0, "critical" if s == 990 else "warning")
        for s in range(0, 1000, 10)
    )
    report = RunReport(Steps(0, 999, 1000, 1000), windows, Verdict("warning", "a", "b", "c"), ())
    writer = EventFileWriter(str(tmp_path))
    writer.write_report(999, report, state="ended")
    writer.close()
    main(["check", str(tmp_path)])
    out = capsys.readouterr().out
    assert len(out.splitlines()) < 24
    assert "990-990" in out  # the most severe is among those shown
    assert "... and 92 more windows" in out
    main(["check", str(tmp_path), "--format", "markdown"])
    assert capsys.readouterr().out.count("| loss\\_spike |") == 100


def test_of_many_runs_the_worst_are_shown_in_full_and_the_others_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(20):
        write_verdict(tmp_path / f"run_{number:02}", "unstable" if number == 15 else "healthy")
    main(["check", str(tmp_path)])
    out = capsys.readouterr().out
    assert "run_15: UNSTABLE\n  text\n  Why:  why\n" in out
    assert "\nrun_19: HEALTHY  text\n" in out
    assert out.count("Why:") == 6
    assert out.count("HEALTHY") + out.count("UNSTABLE") == 20


def test_names_out_of_a_log_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = "a\x1b[2J\x07\u202eb|<img src=x>*\n# @someone `c`"
    window = Window("exploding_gradient", "grad_norm/a", layer, (layer,), 1, 1, 2, 1, 2.0, "warning")
    report = RunReport(Steps(0, 9, 10, 10), (window,), Verdict("warning", f"in {layer}", "why", "next"), ())
    writer = EventFileWriter(str(tmp_path))
    writer.write_report(9, report, state="ended")
    writer.close()
    for format in ("text", "markdown", "json"):
        main(["check", str(tmp_path), "--format", format])
        out = capsys.readouterr().out
        assert not {"\x1b", "\x07", "\u202e"} & set(out), format
        if format == "markdown":
            assert "a?\\[2J??b\\|&lt;img src=x&gt;\\* #&#8203; @&#8203;someone \\`c\\`" in out
            assert "<img" not in out
            (row,) = (line for line in out.splitlines() if "exploding" in line)
            assert row.replace("\\|", "").count("|") == 7


def test_a_layer_of_a_very_long_name_stays_in_one_piece(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "block_" * 40 + "dense"
    layout = Layout((Variable(f"{name}/kernel", name, "kernel", (3, 3)),))
    write_run(tmp_path, layout=layout)
    window = Window("loss_spike", "loss", name, (name, "b"), 1, 1, 2, 1, 2.0, "info")
    writer = EventFileWriter(str(tmp_path))
    report = RunReport(Steps(0, 99, 100, 100), (window,), Verdict("healthy", f"in layer {name}", "", ""), ())
    writer.write_report(99, report, state="ended")
    writer.close()
    main(["check", str(tmp_path)])
    out = capsys.readouterr().out
    assert f"in layer\n  {name}\n" in out
    assert f"{name} +1" in out


COMMAND = (
    sys.executable,
    "-c",
    "import sys; from tb_stability.cli.main import main; sys.exit(main())",
    "check",
)


def test_the_command_prints_nothing_but_its_answer(tmp_path: Path) -> None:
    write_run(tmp_path / "bad", losses=DIVERGED)
    result = subprocess.run([*COMMAND, tmp_path, "--format", "json"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (1, "")
    assert json.loads(result.stdout)["runs"][0]["run"] == "bad"


def test_the_command_does_not_wait_for_tensorflow(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1")
    code = (
        "import sys; from tb_stability.cli.main import main; main(); "
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "check", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert result.stdout.endswith("[]\n")


@pytest.mark.parametrize(("large", "is_imported"), [(1 << 20, False), (1, True)])
def test_tensorflow_checks_the_sums_of_a_large_log_and_says_nothing(
    tmp_path: Path, large: int, is_imported: bool
) -> None:
    write_run(tmp_path / "logs" / "exp1")
    (tmp_path / "tensorflow.py").write_text("import os\nio = os.write(2, b'noise')\n")
    code = (
        "import sys, tb_stability.cli.main as command; "
        f"command.LARGE_LOG_BYTES = {large}; command._quiet_tensorboard('logs'); "
        "print('tensorflow' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert (result.stdout, result.stderr) == (f"{is_imported}\n", "")


def test_a_reader_that_leaves_early_changes_nothing(tmp_path: Path) -> None:
    for number in range(40):
        write_verdict(tmp_path / f"run{number}" / ("x" * 200), "diverged")
    with subprocess.Popen(
        [*COMMAND, tmp_path, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_a_terminal_without_unicode_gets_codes(tmp_path: Path) -> None:
    write_run(tmp_path / "lauf_ü")
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([*COMMAND, tmp_path], capture_output=True, env=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"lauf_\\xfc: HEALTHY" in result.stdout


def test_names_of_series_can_be_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills: an option that is parsed and not used; a name that is wrong and not told."""
    write_scalars(
        tmp_path / "exp", "my/own", enumerate([2.0 - 0.01 * step for step in range(60)] + [math.nan] * 40)
    )
    assert main(["check", str(tmp_path)]) == 2
    capsys.readouterr()
    assert main(["check", str(tmp_path), "--tags", "loss=my/own"]) == 1
    assert "diverged" in capsys.readouterr().out
    assert main(["check", str(tmp_path), "--tags", "lose=my/own"]) == 2
    assert "tags must be SERIES=TAG" in capsys.readouterr().err
