"""Gradients that vanish through depth or time, without a more specific cause."""

from __future__ import annotations

from tb_stability.advice import is_cut_off
from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import for_each
from tb_stability.diagnosis.words import names, symptom
from tb_stability.preflight.fitting import SQUASHERS, decades_of_sigmoids
from tb_stability.preflight.initial_weights import decades_over_depth
from tb_stability.report import Fix

_DEEP = 8
_DECADES = 3.0  # of a score of 1, see `detectors/vanishing_gradient.py`


def _is_sigmoids_doing(case: Case) -> bool:
    """Whether the functions alone take as much from the gradient as half of what the weights take."""
    if case.model is None:
        return False
    return decades_of_sigmoids(case.model.hidden) >= abs(decades_over_depth(case.model)) / 2


def suspect(case: Case) -> Suspect | None:
    """Many layers that each pass on a part of the gradient.

    For it: the window `vanishing_gradient`; sigmoid or tanh in the hidden layers, or many layers without
    normalization. Against it: initial weights that are too small or equal, dead or saturated units, an output
    that does not fit the loss: those are more specific. A gradient that is exactly 0 did not fade.
    """
    window = case.first("vanishing_gradient")
    if window is None or is_cut_off(window):
        return None
    brief = Brief("vanishing_gradient")
    decades = _DECADES * window.peak_score
    brief.strong(
        window.kind,
        f"The gradient of layer {window.layer} was {decades:.1f} powers of ten below those of the last "
        "layers (healthy: less than 3).",
    )
    hidden = case.model.hidden if case.model is not None else ()
    squashed = [f.layer for f in hidden if f.next_activation in SQUASHERS]
    bare = [f for f in hidden if not f.is_normalized]
    if squashed:
        function = next(f.next_activation for f in hidden if f.next_activation in SQUASHERS)
        largest = "at most a quarter" if function == "sigmoid" else "less than all"
        brief.strong(
            "activation",
            f"{len(squashed)} hidden layers have {function}, which passes on {largest} of the gradient each.",
        )
    elif len(bare) >= _DEEP:
        brief.weak("depth", f"{len(bare)} hidden layers follow each other without normalization.")
    for kind in ("initial_weights_constant", "initial_weights_scale", "output_loss_mismatch"):
        finding = case.finding(kind)
        if finding is not None and (kind != "initial_weights_scale" or not _is_sigmoids_doing(case)):
            brief.against(kind, finding.text)
    for kind in ("dead_units", "saturated_units", "update_ratio_high"):
        other = case.before(window.start_step + 1, kind)
        if other is not None:
            brief.doubt(kind, f"{symptom(other)}.")
    chosen = [f.layer for f in hidden if f.activation in SQUASHERS]
    return brief.close(
        layer=window.layer,
        first_step=window.start_step,
        why=f"The gradient fades on its way to the input: in {names(window.layers)} it is {decades:.1f} "
        "powers of ten smaller than in the last layers, so they hardly learn.",
        fix=Fix(
            'Use activation="relu" with kernel_initializer="he_normal" in the hidden layers, and add '
            "BatchNormalization or skip connections. The code does the former for a model that is built, "
            "before training.",
            for_each(
                chosen or window.layers,
                case.model,
                *(["layer.activation = keras.activations.relu"] if chosen else []),
                "layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))",
            ),
        ),
        test="re-run with ReLU and he_normal",
    )
