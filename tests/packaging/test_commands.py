"""The commands of the README are those that are tested."""

from __future__ import annotations

from tests.distribution import ROOT


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert command.endswith("pytest")
    assert command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
