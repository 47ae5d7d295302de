"""An output activation that does not fit the loss or the targets."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, STANDSTILLS, Case
from tb_stability.diagnosis.code import AS_BEFORE, get_layer
from tb_stability.diagnosis.words import number, symptom
from tb_stability.model_facts import ModelFacts
from tb_stability.preflight.output_loss import KIND, share_out_of_reach
from tb_stability.report import Fix

_MUCH = 0.1
"""Share of the range of the targets; less may be noise about 0."""


def suspect(case: Case) -> Suspect | None:
    """Logits taken for probabilities, softmax over one unit, ReLU before a cross-entropy.

    For it: what the layer and the loss object are, with a symptom. A softmax over one unit is a proof by
    itself; and, where training stands still, so are targets of which a tenth of the range lies where the
    output never gets. (Elsewhere such targets may be masked by weights.) A loss that ends worse than guessing
    is a symptom, too: of logits that are cut off, an example on the wrong side costs 16 or nothing. Against
    it: a softmax in front of `from_logits=True`, of which Keras takes the logits where it can; many good
    steps before a symptom.
    """
    finding, model = case.finding(KIND), case.model
    if finding is None or model is None or model.loss is None:
        return None
    window = case.first(*STANDSTILLS, *BREAKDOWNS)
    is_constant = model.output_activation == "softmax" and model.output_units == 1
    stands_still = case.first(*STANDSTILLS) is not None or case.gained_little
    is_proven = is_constant or (stands_still and share_out_of_reach(model, case.first_batch) >= _MUCH)
    if window is None and not is_proven and not case.ends_above_guessing:
        return None
    brief = Brief("output_loss_mismatch")
    if is_proven:
        brief.proof(finding.kind, finding.text)
    else:
        brief.strong(finding.kind, finding.text)
    if window is not None and not is_proven:
        brief.strong(window.kind, f"{symptom(window)}.")
        if window.start_step > 100:
            brief.against(window.kind, f"Training was fine for {window.start_step} steps.")
    elif case.final is not None and not is_proven:
        brief.strong("loss", f"The loss is still {number(case.final.loss)}; {case.guessing_words}.")
    if model.output_activation == "softmax" and model.loss.from_logits:
        brief.against(
            "from_logits",
            "Where the softmax is the last layer, Keras takes its logits, and nothing is applied twice.",
        )
    higher = case.first("update_ratio_high", "bn_statistics_frozen")
    if higher is not None and window is not None and higher.start_step <= window.start_step:
        brief.doubt(higher.kind, f"{symptom(higher)}.")
    activation, loss = _better(model)
    text, code = _fix(model, activation, loss)
    return brief.close(
        layer=finding.layer,
        first_step=window.start_step if window is not None else 0,
        why=f"Output and loss do not fit. {finding.text}",
        fix=Fix(text, code),
        test=f"re-run with activation={activation!r} in {model.output_layer}",
    )


def _better(model: ModelFacts) -> tuple[str, str]:
    """The activation and the loss that fit each other and what was meant."""
    kind = model.loss.kind if model.loss is not None else ""
    if kind.startswith("Binary") or (kind.endswith("CategoricalCrossentropy") and model.output_units == 1):
        return "sigmoid", "keras.losses.BinaryCrossentropy()"
    if kind.endswith("Crossentropy"):
        return "linear", f"keras.losses.{kind}(from_logits=True)"
    if model.output_activation == "softmax" and model.output_units == 1:
        return "sigmoid", "keras.losses.BinaryCrossentropy()"
    return "linear", "model.loss"


def _fix(model: ModelFacts, activation: str, loss: str) -> tuple[str, str]:
    layer = get_layer(model.output_layer, model)
    code = (
        f"{layer}.activation = keras.activations.{activation}\n"
        f"model.compile(optimizer=model.optimizer, loss={loss}{AS_BEFORE}"
    )
    means = "no activation" if activation == "linear" else f"activation={activation!r}"
    kept = "keep the loss" if loss == "model.loss" else f"train with {loss.removeprefix('keras.losses.')}"
    return f"Give layer {model.output_layer} {means}, and {kept}; with a new model, before training.", code
