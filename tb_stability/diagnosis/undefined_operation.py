"""log(0), sqrt(0), 0 / 0: an operation of the model or the loss without a finite value or derivative."""

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
from tb_stability.report import Fix

_FIX = Fix(
    "Keep the argument away from where the operation is undefined: log, division and square root by adding "
    "a small number, cross-entropy by taking logits. To find the line, run a few steps with "
    "tf.debugging.enable_check_numerics().",
    "epsilon = keras.config.epsilon()\n"
    "safe_log = lambda p: keras.ops.log(keras.ops.maximum(p, epsilon))\n"
    "safe_sqrt = lambda v: keras.ops.sqrt(keras.ops.maximum(v, epsilon))  # its derivative at 0 is infinite",
)


def suspect(case: Case) -> Suspect | None:
    """An operation that is undefined for a valid batch.

    For it: a gradient that is NaN while the loss is finite, or a loss that is infinite and not NaN, out of
    the blue. Against it: training blew up before; NaN in the data; float16, which overflows.
    """
    found = first_not_finite(case)
    if found is None:
        return None
    brief = Brief("undefined_operation")
    step, loss = found.first.step, found.first.loss
    if math.isfinite(loss) and is_first_layer_alone(case, found.first):
        brief.weak(
            "non_finite", f"At step {step} the loss was still finite ({loss:.3g}) while a gradient was not."
        )
    elif math.isfinite(loss) and is_near_input(case, found.first):
        brief.weak(
            "non_finite",
            f"At step {step} loss and last layers were finite, and gradients nearer to the input were not.",
        )
    elif math.isfinite(loss):
        brief.strong(
            "non_finite",
            f"At step {step} the loss was still finite ({loss:.3g}) while gradients were NaN or Inf: the "
            "derivative of an operation is infinite there, such as that of a square root or a norm at 0.",
        )
    elif math.isinf(loss):
        brief.strong(
            "non_finite", f"At step {step} the loss was infinite: such as the log of a probability of 0."
        )
    else:
        brief.weak("non_finite", f"At step {step} the loss was NaN, as 0 * log(0) and 0 / 0 are.")
    if has_own_loss(case):
        brief.weak("loss", "The loss is a function of the user's own, which nothing keeps from log(0).")
    elif case.model is not None and case.model.loss is not None and not math.isfinite(loss):
        brief.doubt("loss", f"{case.model.loss.kind} of Keras keeps away from log(0).")
    weigh_sudden(brief, case, found)
    invalid = case.finding("invalid_inputs")
    if invalid is not None:
        brief.against(invalid.kind, invalid.text)
    if case.model is not None and case.model.compute_dtype == "float16":
        brief.against("dtype", "The layers compute in float16: values above 65504 are infinite there.")
    return brief.close(
        layer=found.window.layer if not found.first.all_layers else None,
        first_step=step,
        why=f"An operation in the model or the loss is undefined for the batch of step {step} (log of 0, "
        "square root at 0, division by 0): training was fine until then.",
        fix=_FIX,
        test="run the step again with tf.debugging.enable_check_numerics()",
    )
