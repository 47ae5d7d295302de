"""Diagnoses and findings in the three formats of `tb-stability check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tb_stability.cli.diagnosis_rows import strongest
from tb_stability.cli.main import main
from tb_stability.report import Diagnosis, Evidence, Finding, Fix, RunReport, Steps, Verdict
from tb_stability.writers.event_file import EventFileWriter

QUOTED = "The learning rate of SGD is 2; usual are 0.0001 to 0.5."
RATE = Diagnosis(
    "learning_rate_too_high",
    "likely",
    "dense_1",
    12,
    "The learning rate (2) is too high.",
    Fix("Lower it.", "if True:\n    rate = 0.1  # <b>`dense_1`</b> \x1b[31m```"),
    (
        *(Evidence("a", f"For {i}.", True) for i in range(5)),
        Evidence("b", QUOTED, True),
        Evidence("c", "No.", False),
    ),
)
BATCH = Diagnosis("bn_small_batch", "possible", None, 30, "Batches of 2.", Fix("Use 32.", ""), ())


def check(folder: Path, capsys: pytest.CaptureFixture[str], report: RunReport, *, format: str) -> str:
    writer = EventFileWriter(str(folder / "run"))
    writer.write_report(9, report, state="ended")
    writer.close()
    main(["check", str(folder), "--format", format])
    return capsys.readouterr().out


def report(*findings: Finding, diagnoses: tuple[Diagnosis, ...] = (RATE, BATCH)) -> RunReport:
    verdict = Verdict("unstable", "text", "why", "next")
    return RunReport(Steps(0, 99, 100, 100), (), verdict, (), findings=findings, diagnoses=diagnoses)


def test_text_has_the_first_cause_in_full_and_the_others_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = check(tmp_path, capsys, report(), format="text")
    assert (
        "  Cause: Learning rate too high (likely), in dense_1, from step 12 on. The learning rate (2)" in out
    )
    assert "     + For 0.\n     + For 1.\n     + For 2.\n     - No.\n  Fix:   Lower it.\n" in out
    assert "         if True:\n             rate = 0.1  # <b>`dense_1`</b> ?[31m```\n" in out  # to be copied
    assert (
        "  Or:    Batches too small for BatchNormalization (possible), from step 30 on. Batches of 2.\n"
        in out
    )


def test_text_stays_a_screenful_with_many_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [Finding("k", None, f"Finding {i}.") for i in range(9)]
    quoted = Finding("learning_rate_unusual", None, QUOTED)
    out = check(tmp_path, capsys, report(quoted, *findings), format="text")
    assert "  Noted: Finding 3.\n  ... and 5 more findings; --format json has all\n" in out
    assert out.count(QUOTED) == 0  # it is evidence, which has more of it than fits
    assert len(out.splitlines()) < 24


def test_markdown_has_all_of_it_and_the_code_in_a_block(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = check(tmp_path, capsys, report(Finding("k", "a_b", "Noted *this*.")), format="markdown")
    assert "**Cause: Learning rate too high (likely), in dense\\_1, from step 12 on.** The learning" in out
    assert "- for: For 4.\n" in out
    assert "- against: No.\n- **Fix:** Lower it.\n\n```python\nif True:\n    rate = 0.1" in out
    assert out.count("```") == 2  # a name does not end the block
    assert "<details><summary>1 finding</summary>\n\n- Noted \\*this\\*.\n" in out


def test_json_has_the_members_of_the_documentation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = check(tmp_path, capsys, report(Finding("k", "dense", "Noted.")), format="json")
    (run,) = json.loads(out)["runs"]
    assert run["findings"] == [{"kind": "k", "layer": "dense", "text": "Noted."}]
    first, second = run["diagnoses"]
    assert first["evidence"][-1] == {"kind": "c", "text": "No.", "for": False}
    assert second == {
        "cause": "bn_small_batch",
        "title": "Batches too small for BatchNormalization",
        "confidence": "possible",
        "layer": None,
        "first_step": 30,
        "why": "Batches of 2.",
        "fix": {"text": "Use 32.", "code": ""},
        "evidence": [],
    }


def test_what_speaks_against_is_never_left_out() -> None:
    assert [e.supports for e in strongest(RATE.evidence, 4)] == [True, True, True, False]
    assert len(strongest(RATE.evidence[:5], 4)) == 4
    assert strongest((), 4) == []
