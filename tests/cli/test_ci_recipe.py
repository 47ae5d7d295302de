"""The recipe for continuous integration passes on a healthy training, and fails on a learning rate of 2."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tb_stability.cli.main import _parser, main
from tests.cli.check_schema import SCHEMA, closed
from tests.distribution import ROOT
from tests.html_report.report_page import Page

RECIPE = ROOT / "demo" / "ci"
COMMAND = re.compile(r"(?:^|`|run: )(tb-stability [^`\n]+)", re.M)


def test_healthy_trainings_pass_and_are_judged_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also what only a log of Keras has: a configuration, a group, a first batch, a cost."""
    train = runpy.run_path(str(RECIPE / "train_small.py"))["train"]
    for run in ("change_1", "change_2"):
        train(str(tmp_path / "logs" / run), 0.05)
    logdir, said = str(tmp_path / "logs"), {}
    for format in ("text", "markdown", "json"):
        assert main(["check", logdir, "--format", format]) == 0
        said[format] = capsys.readouterr().out
    document = json.loads(said["json"])
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(document)
    (group,) = document["groups"]
    assert "change_1: HEALTHY" in said["text"]
    assert f"\nchange_*: {group['verdict']['text']}\n" in said["text"]
    assert "\n#### Repeated runs change\\_\\*: healthy\n" in said["markdown"]
    assert main(["report", logdir, "-o", str(tmp_path / "report.html")]) == 0
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8").removeprefix("<!doctype html>\n"))
    for text in ("Repeated runs", group["verdict"]["text"], "Configuration", "32 × 64", "HeNormal", "epochs"):
        assert text in page.text


def test_a_learning_rate_of_2_fails_and_leaves_a_report(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "tb-stability"  # the console script, installed or not
    script.write_text(
        f"#!{sys.executable}\nfrom tb_stability.cli.main import main\nraise SystemExit(main())\n"
    )
    script.chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    environment = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "LOGS": str(tmp_path / "logs"),
    }
    result = subprocess.run(
        ["bash", RECIPE / "check.sh", "--learning-rate", "2"], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 1, result.stderr
    assert re.search(r"change: (UNSTABLE|DIVERGED|NOT LEARNING)", result.stdout)
    assert "earning rate" in result.stdout
    report = (tmp_path / "logs" / "stability.html").read_text(encoding="utf-8")
    assert "Loss over steps" in report


@pytest.mark.parametrize("page", ["README.md", "docs/ci.md", "docs/reviewing.md", "demo/ci/check.sh"])
def test_the_commands_of_the_documentation_are_commands(page: str) -> None:
    text = re.sub(r"#.*|>>.*", "", (ROOT / page).read_text(encoding="utf-8"))
    commands = [shlex.split(command)[1:] for command in COMMAND.findall(text)]
    assert commands
    for arguments in commands:
        if len(arguments) > 1:  # else a mere mention
            _parser().parse_args(arguments)
