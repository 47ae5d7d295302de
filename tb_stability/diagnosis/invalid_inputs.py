"""NaN or Inf in the data."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.not_finite import (
    first_not_finite,
    has_own_loss,
    is_first_layer_alone,
    is_near_input,
    weigh_sudden,
)
from tb_stability.diagnosis.words import names
from tb_stability.report import Fix, TensorRange

_FEWEST_ROWS = 8

_FIX = Fix(
    "Find the examples with NaN or Inf and remove or repair them, before batching.",
    "import numpy as np\n\n"
    "valid = np.isfinite(x).reshape(len(x), -1).all(axis=1) & np.isfinite(y).reshape(len(y), "
    "-1).all(axis=1)\n"
    "x, y = x[valid], y[valid]",
)
_FIX_COLUMNS = Fix(
    "Divide by the standard deviation only where it is not 0, or leave constant columns out. The code makes "
    "0 of columns that have no finite value; dropping examples would drop all of them.",
    "import numpy as np\n\nx = np.where(np.isfinite(x).any(axis=0), x, 0.0)",
)


def suspect(case: Case) -> Suspect | None:
    """A batch with NaN or Inf.

    For it: NaN in the first batch, as a proof; else a loss that is NaN in one step, with all gradients, while
    weights and everything before were finite. Against it: training blew up before; a loss that is infinite
    or finite (then an operation is undefined); float16.
    """
    found = first_not_finite(case)
    if found is None:
        return None
    brief = Brief("invalid_inputs")
    finding = case.finding("invalid_inputs")
    step, near = found.first.step, names(found.first.layers)
    has_whole_columns = any(_has_whole_columns(tensor) for tensor in case.first_batch)
    why = (
        f"The data of step {step} holds NaN or Inf: loss and gradients became NaN at once, with finite "
        "weights."
    )
    if finding is not None:
        brief.proof(finding.kind, finding.text)
        why = "The data holds NaN or Inf, already in the first batch, and one update makes all weights NaN."
        if has_whole_columns:
            brief.strong(
                "first_batch",
                "There are as many for each example: whole columns, as a standardisation of constant ones "
                "makes them (0/0).",
            )
    elif math.isnan(found.first.loss) and found.first.all_layers:
        brief.strong(
            "non_finite", f"At step {step} the loss and the gradients of all layers became NaN at once."
        )
    elif math.isnan(found.first.loss):
        brief.weak("non_finite", f"At step {step} the loss was NaN.")
    elif math.isfinite(found.first.loss) and is_first_layer_alone(case, found.first):
        brief.strong(
            "non_finite",
            f"At step {step} only the gradient of the first layer, {found.first.layers[0]}, was not finite: "
            "it is the only one that the inputs are a factor of.",
        )
        why = f"The inputs of step {step} hold NaN or Inf: only the gradient of the first layer became NaN."
    elif math.isfinite(found.first.loss) and is_near_input(case, found.first):
        brief.strong(
            "non_finite",
            f"At step {step} loss and last layers were finite, and the gradients of {near} were not: those "
            "are what the inputs are a factor of, and a ReLU in between makes 0 of NaN.",
        )
        why = (
            f"The inputs of step {step} hold NaN or Inf: the gradients of {near} became so, and the loss did "
            "not."
        )
    else:
        brief.against("non_finite", f"At step {step} the loss was {found.first.loss:.3g} and not NaN.")
    if finding is None:
        weigh_sudden(brief, case, found)
        if case.first_batch and step == 0:
            brief.against("first_batch", "The inputs and targets of the first batch were finite.")
        if has_own_loss(case):
            brief.doubt(
                "loss", "The loss is a function of the user's own, which may be undefined for valid data."
            )
        if case.model is not None and case.model.compute_dtype == "float16":
            brief.doubt("dtype", "The layers compute in float16, where valid inputs can overflow, too.")
    return brief.close(
        layer=None,
        first_step=step,
        why=why,
        fix=_FIX_COLUMNS if has_whole_columns else _FIX,
        test=f"look at the inputs and targets of step {step} for NaN and Inf",
    )


def _has_whole_columns(tensor: TensorRange) -> bool:
    """Whether the first batch of a table has as many NaN and Inf in each example, by their number."""
    invalid = tensor.nan + tensor.inf
    is_table = tensor.role == "input" and len(tensor.shape) == 2 and tensor.shape[0] >= _FEWEST_ROWS
    return is_table and invalid > 0 and invalid % tensor.shape[0] == 0
