"""What the preflight could not look at, and why: a run without findings may just not have shown them."""

from __future__ import annotations

from tb_stability.checks import Check
from tb_stability.model_facts import ModelFacts
from tb_stability.preflight.premises import Premises

_LOOP = "a custom loop"


def unseen(premises: Premises) -> tuple[Check, ...]:
    """Returns a skipped check, named like its finding, for each subject that is not known."""
    subjects = (
        ("output_loss_mismatch", _of_loss(premises.model)),
        ("unscaled_inputs", _of_inputs(premises)),
        ("batch_size_small", _of_batch_size(premises)),
        ("initial_weights_scale", "" if premises.model.kernels else "no layer with a kernel is known"),
    )
    return tuple(Check(name, "skipped", reason) for name, reason in subjects if reason)


def _of_loss(model: ModelFacts) -> str:
    if model.loss is None:
        return f"{_LOOP} does not show its loss" if model.way == "loop" else "there is no loss, or several"
    if not model.output_layer:
        return "there are several outputs, or an unknown one"
    return "" if model.loss.kind else "the loss is a function of your own"


def _of_inputs(premises: Premises) -> str:
    return "" if premises.inputs else _of_batch(premises.model)


def _of_batch_size(premises: Premises) -> str:
    is_known = premises.batch_size is not None or any(tensor.shape for tensor in premises.first_batch)
    return "" if is_known else _of_batch(premises.model)


def _of_batch(model: ModelFacts) -> str:
    return f"{_LOOP} does not show its batches" if model.way == "loop" else "no batch was seen"
