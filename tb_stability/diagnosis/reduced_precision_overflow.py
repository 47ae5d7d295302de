"""Values beyond 65504 in float16."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import Expression, optimizer_call
from tb_stability.diagnosis.not_finite import first_not_finite, weigh_sudden
from tb_stability.diagnosis.words import number
from tb_stability.report import Fix


def suspect(case: Case) -> Suspect | None:
    """An overflow of float16.

    For it: layers that compute in float16, no loss scaling or a scale that was lowered, NaN or Inf out of the
    blue. Against it: NaN in the data; training that blew up before, which overflows any type.
    """
    model, found = case.model, first_not_finite(case)
    if model is None or found is None or model.compute_dtype != "float16":
        return None
    brief = Brief("reduced_precision_overflow")
    step = found.first.step
    brief.strong("dtype", "The layers compute in float16, where every value above 65504 is infinite.")
    finding = case.finding("float16_without_loss_scaling")
    if finding is not None:
        brief.weak(finding.kind, finding.text)
    elif case.observed.loss_scale_cuts:
        brief.weak(
            "loss_scale",
            f"The loss scale was lowered {case.observed.loss_scale_cuts} times, to "
            f"{number(case.observed.loss_scale)}: gradients overflowed with a larger one.",
        )
    weigh_sudden(brief, case, found)
    if math.isinf(found.first.loss):
        brief.weak("non_finite", f"At step {step} the loss was infinite, as after an overflow.")
    invalid = case.finding("invalid_inputs")
    if invalid is not None:
        brief.against(invalid.kind, invalid.text)
    scaled = optimizer_call(case)
    return brief.close(
        layer=found.window.layer if not found.first.all_layers else None,
        first_step=step,
        why=f"A value overflowed in float16 at step {step}: it became larger than 65504, and so infinite.",
        fix=Fix(
            "Compute in bfloat16, which has the range of float32 (set it before the model is built). With "
            "float16, scale the loss and the inputs: keras.optimizers.LossScaleOptimizer around the "
            "optimizer.",
            'keras.config.set_dtype_policy("mixed_bfloat16")  # before the model is built\n'
            f"optimizer = {Expression(scaled)}",
        ),
        test="run it in float32",
    )
