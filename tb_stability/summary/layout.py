"""What the columns of a row stand for, and that as JSON: the `stability/layout` document."""

from __future__ import annotations

import dataclasses
import json
import math

from tb_stability.series import (
    ACTIVATION_MEASURES,
    NORMALIZATION_MEASURES,
    VARIABLE_MEASURES,
    Activation,
    Layout,
    Normalization,
    Variable,
)
from tb_stability.summary import fields
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.metadata import VERSION, check_version

MAX_SCALARS = 22
"""Scalars of a row: each has a bit in a float32, which holds 24 bits exactly; two are for the groups."""

MAX_COLUMNS = 2**22
"""Columns of a row, 16 MB of it: no model has so many variables, but a damaged document may say so."""

MAX_ENTRIES = 2**53
"""Of a variable, or of any of its dimensions; up to here integers are exact everywhere."""

MAX_RANK = 32
"""Dimensions of a variable."""


@dataclasses.dataclass(frozen=True)
class RowLayout:
    """The meaning of each column of a block of rows.

    Attributes:
      layout: Variables, normalization layers and activations, in column order.
      scalars: Names of the scalars, in column order; at most `MAX_SCALARS`.
      first_step: This layout holds for blocks that start at this step or later.
      variable_measures: In column order. Names that are not known are kept: they take up columns.
      normalization_measures: Likewise.
      activation_measures: Rows of a sample of the activations, which is no part of a row of steps.
    """

    layout: Layout
    scalars: tuple[str, ...]
    first_step: int = 0
    variable_measures: tuple[str, ...] = tuple(VARIABLE_MEASURES)
    normalization_measures: tuple[str, ...] = NORMALIZATION_MEASURES
    activation_measures: tuple[str, ...] = tuple(ACTIVATION_MEASURES)

    @property
    def columns(self) -> int:
        """Number of columns of the row of a single step, with the two that come before the scalars."""
        return (
            2
            + len(self.scalars)
            + len(self.variable_measures) * len(self.layout.variables)
            + len(self.normalization_measures) * len(self.layout.normalizations)
        )


def dump_layout(rows: RowLayout) -> str:
    """The document, as JSON text."""
    return json.dumps(
        {
            "version": VERSION,
            "first_step": rows.first_step,
            "scalars": rows.scalars,
            "variable_measures": rows.variable_measures,
            "normalization_measures": rows.normalization_measures,
            "activation_measures": rows.activation_measures,
            "variables": [dataclasses.asdict(v) for v in rows.layout.variables],
            "normalizations": [dataclasses.asdict(n) for n in rows.layout.normalizations],
            "activations": [dataclasses.asdict(a) for a in rows.layout.activations],
        }
    )


def parse_layout(text: str | bytes) -> RowLayout:
    """The inverse of `dump_layout`; ignores members that it does not know.

    Raises:
      LogFormatError: If the text is damaged or of a newer version.
    """
    document = fields.parse_object(text, "the layout of the run")
    check_version(document.get("version"), "the layout of the run")
    rows = RowLayout(
        layout=Layout(
            variables=tuple(_variable(v) for v in fields.get_objects(document, "variables")),
            normalizations=tuple(_normalization(n) for n in fields.get_objects(document, "normalizations")),
            activations=tuple(_activation(a) for a in fields.get_objects(document, "activations")),
        ),
        scalars=fields.get_strs(document, "scalars"),
        first_step=fields.get_count(document, "first_step"),
        variable_measures=fields.get_strs(document, "variable_measures"),
        normalization_measures=fields.get_strs(document, "normalization_measures"),
        activation_measures=fields.get_strs(document, "activation_measures"),
    )
    _require_unique("a scalar", rows.scalars)
    _require_unique("a variable", [v.name for v in rows.layout.variables])
    _require_unique("a normalization layer", [n.layer for n in rows.layout.normalizations])
    _require_unique("an activation", [a.layer for a in rows.layout.activations])
    if len(rows.scalars) > MAX_SCALARS:
        raise LogFormatError(
            f"the log is damaged: {len(rows.scalars)} scalars, where {MAX_SCALARS} is the most."
        )
    if rows.columns > MAX_COLUMNS:
        raise LogFormatError(f"the log is damaged: {rows.columns} columns, where {MAX_COLUMNS} is the most.")
    sizes = [dimension for variable in rows.layout.variables for dimension in variable.shape]
    sizes += [normalization.channels for normalization in rows.layout.normalizations]
    sizes += [activation.units for activation in rows.layout.activations]
    if max(sizes, default=0) > MAX_ENTRIES or any(
        len(v.shape) > MAX_RANK or math.prod(v.shape) > MAX_ENTRIES for v in rows.layout.variables
    ):
        raise LogFormatError("the log is damaged: its layout has something too large to exist.")
    return rows


def _variable(document: fields.Object) -> Variable:
    return Variable(
        name=fields.get_str(document, "name"),
        layer=fields.get_str(document, "layer"),
        role=fields.get_str(document, "role"),
        shape=fields.get_counts(document, "shape"),
    )


def _normalization(document: fields.Object) -> Normalization:
    return Normalization(
        layer=fields.get_str(document, "layer"),
        vectors=fields.get_strs(document, "vectors"),
        channels=fields.get_count(document, "channels"),
        trainable=fields.get_bool(document, "trainable"),
        kind=fields.get_str(document, "kind"),
    )


def _activation(document: fields.Object) -> Activation:
    return Activation(
        layer=fields.get_str(document, "layer"),
        function=fields.get_str(document, "function"),
        units=fields.get_count(document, "units"),
    )


def _require_unique(what: str, names: tuple[str, ...] | list[str]) -> None:
    if len(set(names)) < len(names):
        raise LogFormatError(f"the log is damaged: its layout names {what} twice.")
