"""The layout document."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from tb_stability.series import Activation, Layout, Normalization
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.layout import RowLayout, dump_layout, parse_layout
from tests.event_logs import LAYOUT, SCALARS

ROWS = RowLayout(
    dataclasses.replace(
        LAYOUT,
        normalizations=(Normalization("ln", ("gamma", "beta"), 3, True, "LayerNormalization"),),
        activations=(Activation("dense", "relu", 3),),
    ),
    SCALARS,
    first_step=7,
)


@pytest.mark.parametrize("rows", [ROWS, RowLayout(Layout(), ())])
def test_a_layout_comes_back_as_it_was(rows: RowLayout) -> None:
    assert parse_layout(dump_layout(rows)) == rows


def test_members_that_are_not_known_are_ignored() -> None:
    document = json.loads(dump_layout(ROWS)) | {"colour": "red"}
    document["variables"][0]["dtype"] = "float16"
    assert parse_layout(json.dumps(document)) == ROWS


def _damage(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(dump_layout(ROWS))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no JSON text"),
        ("[1]", r"should be an object, got \[1\]"),
        (_damage(lambda d: d.pop("scalars")), "'scalars' should be a list, got nothing"),
        (_damage(lambda d: d.update(scalars=["loss", "loss"])), "names a scalar twice"),
        (_damage(lambda d: d.update(scalars=[str(i) for i in range(23)])), "23 scalars"),
        (_damage(lambda d: d["variables"].append(d["variables"][0])), "names a variable twice"),
        (_damage(lambda d: d["variables"][0].update(shape=[-1])), "'shape' should be an integer >= 0"),
        (
            _damage(lambda d: d["normalizations"][0].update(trainable=1)),
            "'trainable' should be true or false",
        ),
        (_damage(lambda d: d["normalizations"][0].update(kind=None)), "'kind' should be a text, got nothing"),
        (_damage(lambda d: d["activations"][0].pop("units")), "'units' should be an integer, got nothing"),
        (_damage(lambda d: d.pop("activations")), "'activations' should be a list, got nothing"),
        (_damage(lambda d: d["activations"].append(d["activations"][0])), "names an activation twice"),
        (_damage(lambda d: d.update(first_step=True)), "'first_step' should be an integer, got True"),
        (_damage(lambda d: d.update(version=2)), "written in version 2 .* pip install -U tb-stability"),
        (_damage(lambda d: d.update(version="1")), "no valid version"),
    ],
)
def test_a_damaged_or_newer_layout_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(LogFormatError, match=sentence):
        parse_layout(text)
