"""Gradient clipping that leaves nothing to learn with."""

from __future__ import annotations

from tb_stability.advice import is_dead
from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import set_optimizer
from tb_stability.diagnosis.words import HEALTHY_RATIO, number, symptom
from tb_stability.report import Fix

_FINDING = "clipping_tight"
_SMALL = 1e-5
_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")
_SCALE_FREE = (
    "Adam",
    "AdamW",
    "Nadam",
    "Adamax",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Lion",
    "Lamb",
    "Adafactor",
)


def suspect(case: Case) -> Suspect | None:
    """`clipnorm=1e-4`: whatever the gradient says, the step is the learning rate times that.

    For it: a limit below 0.001; weights that hardly move, or a loss that does not. Against it: no gradient at
    all. It is none with an optimizer that divides by the size of its gradients: their scale does not matter.
    """
    finding, model = case.finding(_FINDING), case.model
    window = case.first("update_ratio_low", "loss_plateau")
    if finding is None or model is None or model.optimizer is None or window is None:
        return None
    optimizer = model.optimizer
    if optimizer.kind in _SCALE_FREE:
        return None
    brief = Brief("clipping_too_tight")
    brief.strong(finding.kind, f"The optimizer clips: {finding.text}")
    ratio = case.observed.healthy(lambda p: p.update_ratio, window.alarm_step + 1)
    if 0.0 < ratio < _SMALL:
        brief.strong("update_ratio", f"Updates were {number(ratio)} of the weights ({HEALTHY_RATIO}).")
    elif ratio >= _SMALL:
        brief.against("update_ratio", f"Updates were {number(ratio)} of the weights ({HEALTHY_RATIO}).")
    brief.weak(window.kind, f"{symptom(window)}.")
    if window.kind == "update_ratio_low" and is_dead(window):
        brief.against(window.kind, "No gradient reached any kernel, clipped or not.")
    name = next(name for name in _CLIPS if getattr(optimizer, name) is not None)
    return brief.close(
        layer=None,
        first_step=window.start_step,
        why=f"Clipping leaves too little of the gradients: {name}={getattr(optimizer, name):g}, and an "
        f"update changes the weights by only {number(ratio)} of their size ({HEALTHY_RATIO}).",
        fix=Fix(
            f"Set {name}=1.0, which cuts off explosions and nothing else.",
            set_optimizer(case, **{name: 1.0}),
        ),
        test=f"re-run with {name}=1.0",
    )
