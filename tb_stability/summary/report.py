"""The report of a run as JSON: the `stability/report` document.

Each document holds everything that is known so far. TensorBoard keeps only a
sample of a plugin's points, but it always keeps the last one, so the last one
has to be complete.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Literal, cast, get_args

from tb_stability.checks import Check
from tb_stability.report import Cost, Final, RunReport, Status, Steps, TensorRange, Verdict
from tb_stability.summary import fields
from tb_stability.summary.diagnoses import (
    diagnosis_members,
    finding_members,
    parse_diagnosis,
    parse_finding,
)
from tb_stability.summary.metadata import VERSION, check_version
from tb_stability.summary.model_facts import model_members, parse_model
from tb_stability.windows import Outcome, Severity, Window

State = Literal["running", "ended"]
"""`running` until the run was closed in order: still being written, or killed."""


def report_members(report: RunReport) -> dict[str, object]:
    """The report as members of a JSON object, named as in `http_api.md`; non-finite numbers are strings.

    All but the facts of the model, which a reader of the report does not need.
    """
    return {
        "verdict": dataclasses.asdict(report.verdict),
        "steps": {name: _json_int(n) for name, n in dataclasses.asdict(report.steps).items()},
        "windows": [_window_members(window) for window in report.windows],
        "findings": [finding_members(finding) for finding in report.findings],
        "diagnoses": [diagnosis_members(diagnosis) for diagnosis in report.diagnoses],
        "checks": [dataclasses.asdict(check) for check in report.checks],
        "cost": None if report.cost is None else _json_members(report.cost),
        "first_batch": [_json_members(tensor) for tensor in report.first_batch],
        "final": None if report.final is None else _json_members(report.final),
        "stop_step": _json_int(report.stop_step),
    }


def dump_report(report: RunReport, state: State) -> str:
    """The document, as JSON text."""
    model = None if report.model is None else model_members(report.model)
    members = {"version": VERSION, "state": state, **report_members(report), "model": model}
    return json.dumps(members, allow_nan=False)


def parse_report(text: str | bytes) -> tuple[RunReport, State]:
    """The inverse of `dump_report`; ignores members that it does not know.

    Raises:
      LogFormatError: If the text is damaged or of a newer version.
    """
    document: fields.Object = {
        "first_batch": [],
        "findings": [],
        "diagnoses": [],
    }  # which the first logs lack
    document |= fields.parse_object(text, "the report of the run")
    check_version(document.get("version"), "the report of the run")
    model, final = document.get("model"), document.get("final")
    verdict = fields.as_object(document.get("verdict"), "'verdict'")
    steps = fields.as_object(document.get("steps"), "'steps'")
    report = RunReport(
        steps=Steps(
            first=fields.get_optional_int(steps, "first"),
            last=fields.get_optional_int(steps, "last"),
            observed=fields.get_count(steps, "observed"),
            recorded=fields.get_count(steps, "recorded"),
        ),
        windows=tuple(_window(w) for w in fields.get_objects(document, "windows")),
        verdict=Verdict(
            status=cast(Status, fields.get_choice(verdict, "status", get_args(Status))),
            text=fields.get_str(verdict, "text"),
            why=fields.get_str(verdict, "why"),
            next=fields.get_str(verdict, "next"),
        ),
        checks=tuple(_check(c) for c in fields.get_objects(document, "checks")),
        cost=None if document.get("cost") is None else _cost(fields.as_object(document["cost"], "'cost'")),
        first_batch=tuple(_tensor_range(t) for t in fields.get_objects(document, "first_batch")),
        model=None if model is None else parse_model(fields.as_object(model, "'model'")),
        findings=tuple(parse_finding(f) for f in fields.get_objects(document, "findings")),
        diagnoses=tuple(parse_diagnosis(d) for d in fields.get_objects(document, "diagnoses")),
        final=None if final is None else _final(fields.as_object(final, "'final'")),
        stop_step=fields.get_optional_int(document, "stop_step"),
    )
    return report, cast(State, fields.get_choice(document, "state", get_args(State)))


def _window_members(window: Window) -> dict[str, object]:
    members = dataclasses.asdict(window)
    members["layers"] = list(window.layers)
    members["peak_score"] = fields.json_float(window.peak_score)
    for name in ("start_step", "alarm_step", "end_step", "peak_step"):
        members[name] = _json_int(members[name])
    return members


def _json_members(value: Cost | TensorRange | Final) -> dict[str, object]:
    members = dataclasses.asdict(value)
    return {
        name: list(x) if isinstance(x, tuple) else fields.json_float(x) if isinstance(x, float) else x
        for name, x in members.items()
    }


def _json_int(value: int | None) -> int | None:
    return None if value is None else int(value)  # numpy's integers are no JSON


def _window(document: fields.Object) -> Window:
    return Window(
        kind=fields.get_str(document, "kind"),
        series=fields.get_str(document, "series"),
        layer=fields.get_optional_str(document, "layer"),
        layers=fields.get_strs(document, "layers"),
        start_step=fields.get_int(document, "start_step"),
        alarm_step=fields.get_int(document, "alarm_step"),
        end_step=fields.get_optional_int(document, "end_step"),
        peak_step=fields.get_int(document, "peak_step"),
        peak_score=fields.get_float(document, "peak_score"),
        severity=cast(Severity, fields.get_choice(document, "severity", get_args(Severity))),
        outcome=cast(Outcome | None, fields.get_optional_choice(document, "outcome", get_args(Outcome))),
    )


def _check(document: fields.Object) -> Check:
    return Check(
        name=fields.get_str(document, "name"),
        status=cast(Literal["ran", "skipped"], fields.get_choice(document, "status", ("ran", "skipped"))),
        reason=fields.get_str(document, "reason"),
    )


def _cost(document: fields.Object) -> Cost:
    return Cost(
        budget=fields.get_float(document, "budget"),
        share=fields.get_float(document, "share"),
        every=fields.get_count(document, "every"),
        full_steps=fields.get_count(document, "full_steps"),
        text=fields.get_str(document, "text"),
    )


def _tensor_range(document: fields.Object) -> TensorRange:
    return TensorRange(
        role=cast(Literal["input", "target"], fields.get_choice(document, "role", ("input", "target"))),
        name=fields.get_str(document, "name"),
        shape=fields.get_counts(document, "shape"),
        dtype=fields.get_str(document, "dtype"),
        min=fields.get_float(document, "min"),
        max=fields.get_float(document, "max"),
        mean=fields.get_float(document, "mean"),
        nan=fields.get_count(document, "nan"),
        inf=fields.get_count(document, "inf"),
    )


def _final(document: fields.Object) -> Final:
    return Final(
        first_loss=fields.get_float(document, "first_loss"),
        loss=fields.get_float(document, "loss"),
        loss_error=fields.get_float(document, "loss_error"),
        val_loss=fields.get_float(document, "val_loss"),
        val_loss_error=fields.get_float(document, "val_loss_error"),
        learning_rate=fields.get_float(document, "learning_rate"),
        batch_size=fields.get_optional_int(document, "batch_size"),
    )
